import { parseAllDocuments } from "yaml";

/** What one file says, ranges as they are written. */
export type ConfigDocument = { ranges: string[]; linkLocal: boolean; linkLocalV6: boolean };

const EMPTY: ConfigDocument = { ranges: [], linkLocal: false, linkLocalV6: false };

/**
 * Parses YAML or JSON. Keys count in any case, unknown ones are ignored, an absent or null value is the empty one, and a value of
 * another type is a fault: that is how ip-masq-agent's decoder reads them.
 */
export function parseConfigDocument(text: string): ConfigDocument | { fault: string } {
  const parsed = parseText(text);
  if ("fault" in parsed) return parsed;
  if (parsed.value === null) return EMPTY;
  if (typeof parsed.value !== "object" || Array.isArray(parsed.value)) return { fault: "is not a list of keys and values" };
  const read: ConfigDocument = { ...EMPTY };
  for (const [key, value] of Object.entries(parsed.value)) {
    const fault = value === null ? undefined : takeMember(read, key, value);
    if (fault !== undefined) return { fault };
  }
  return read;
}

function takeMember(into: ConfigDocument, key: string, value: unknown): string | undefined {
  switch (key.toLowerCase()) {
    case "nonmasqueradecidrs":
      if (!Array.isArray(value) || !value.every(isTextOrNull)) return `${key} is no list of address ranges`;
      into.ranges = value.map((entry) => entry ?? "");
      return undefined;
    case "masqlinklocal":
      if (typeof value !== "boolean") return `${key} is neither true nor false`;
      into.linkLocal = value;
      return undefined;
    case "masqlinklocalipv6":
      if (typeof value !== "boolean") return `${key} is neither true nor false`;
      into.linkLocalV6 = value;
      return undefined;
    default:
      return undefined;
  }
}

function isTextOrNull(entry: unknown): entry is string | null {
  return entry === null || typeof entry === "string";
}

/** Text that begins with a brace is JSON and nothing else; of several YAML documents the first counts; `yes` and `on` are true (YAML 1.1). */
function parseText(text: string): { value: unknown } | { fault: string } {
  try {
    if (text.trimStart().startsWith("{")) return { value: JSON.parse(text) as unknown };
    const [document] = parseAllDocuments(text, { version: "1.1", uniqueKeys: false, logLevel: "silent" });
    if (!document || !("toJS" in document)) return { value: null };
    const [error] = document.errors;
    return error ? { fault: `cannot be parsed: ${firstLine(error.message)}` } : { value: sorted(document.toJS({ maxAliasCount: 100 })) };
  } catch (error) {
    return { fault: `cannot be parsed: ${firstLine(error instanceof Error ? error.message : String(error))}` };
  }
}

/** Of keys that differ in case only the last one counts, in the order in which the decoder gets them: sorted. */
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value ?? null;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function firstLine(message: string): string {
  return message.split("\n", 1)[0] ?? "";
}
