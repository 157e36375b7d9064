/** The part of a closed request schema that folding looks at. */
type FoldSchema = {
  readonly type?: string | readonly string[];
  readonly readOnly?: boolean;
  readonly enum?: readonly (string | null)[];
  readonly properties?: Readonly<Record<string, FoldSchema>>;
  readonly items?: FoldSchema;
};

function foldWord(schema: FoldSchema, word: string): string {
  return schema.enum?.find((known): known is string => known?.toLowerCase() === word.toLowerCase()) ?? word;
}

function foldObject(schema: FoldSchema, value: object): object {
  const members = Object.entries(value).filter(([name]) => schema.properties?.[name]?.readOnly !== true);
  return Object.fromEntries(members.map(([name, member]) => [name, foldRequest(schema.properties?.[name] ?? {}, member)]));
}

/**
 * A copy of a request body with the words of enumerations in their canonical letter case and without read-only members.
 * Whatever does not fit the schema is left as it is, for the validator to name.
 */
export function foldRequest(schema: FoldSchema, value: unknown): unknown {
  if (typeof value === "string") return foldWord(schema, value);
  if (Array.isArray(value)) return value.map((item) => foldRequest(schema.items ?? {}, item));
  return value !== null && typeof value === "object" ? foldObject(schema, value) : value;
}
