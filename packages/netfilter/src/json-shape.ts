/** An object of parsed JSON whose fields are not known yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether a value of JSON is an object, not an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The only field of an object that names its kind by its one field, as all of libnftables-json(5) do. */
export function onlyField(value: unknown): readonly [string, unknown] | undefined {
  if (!isJsonObject(value)) return undefined;
  const [first, ...more] = Object.entries(value);
  return more.length === 0 ? first : undefined;
}

/** The strings among one value or a list of them. */
export function stringsOf(value: unknown): string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.filter((one) => typeof one === "string");
}

/** A value as one word for a text: what is no text, as JSON. `String` would call a field `toString` of the value. */
export function wordOf(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}
