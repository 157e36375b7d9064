type Json = Readonly<Record<string, unknown>>;

/** An object's members; none where it is no object. */
export const asJson = (value: unknown): Json => (typeof value === "object" && value !== null ? (value as Json) : {});

/** A text; empty where it is none. */
export const asText = (value: unknown): string => (typeof value === "string" ? value : "");

/** The objects of a list; none where it is no list. */
export const asList = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.map(asJson) : []);
