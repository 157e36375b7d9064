/** A JSON object whose members nobody has judged yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether a value is a JSON object; arrays and null are not. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value as an object, an empty one when it is none. */
export function asJsonObject(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

/**
 * JSON merge patch (RFC 7396): members of `patch` replace those of `target`, objects are merged, null removes.
 * Neither argument is changed.
 */
export function mergePatch(target: unknown, patch: JsonObject): JsonObject {
  const merged: Record<string, unknown> = { ...asJsonObject(target) };
  for (const [name, value] of Object.entries(patch))
    if (value === null) delete merged[name];
    else merged[name] = isJsonObject(value) ? mergePatch(merged[name], value) : value;
  return merged;
}
