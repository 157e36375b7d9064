import { AppError } from "@hostrouting/domain";
import type { AllowDocument, AllowEntry, EffectWhenBypassed, RuleShape } from "./allow-entry.ts";
import { whyPatternIsRefused } from "./allow-pattern.ts";
import { isJsonObject, type JsonObject } from "./json-shape.ts";
import type { Family } from "./packet-rule.ts";

const FAMILIES: ReadonlySet<unknown> = new Set<Family>(["ip", "ip6", "inet", "bridge", "arp", "netdev"]);
const EFFECTS: ReadonlySet<unknown> = new Set<EffectWhenBypassed>(["none", "kept", "replaced"]);
const FIELDS: ReadonlySet<string> = new Set<keyof AllowEntry>([
  "id",
  "families",
  "tables",
  "chain",
  "rule",
  "leadsTo",
  "owner",
  "why",
  "effectWhenBypassed",
  "expected",
  "lasting",
  "nodeImages",
  "retireAfter",
]);
const SHAPE_LISTS: ReadonlySet<string> = new Set<keyof RuleShape>(["matches", "options"]);
const SHAPE_TEXTS: ReadonlySet<string> = new Set<keyof RuleShape>([
  "inInterface",
  "outInterface",
  "source",
  "destination",
  "protocol",
  "sourcePorts",
  "destinationPorts",
  "comment",
  "action",
]);

/** Checks a document of entries. Throws AppError `netfilter.allow-list` that names the entry and the field. */
export function checkedAllowDocument(document: unknown): AllowDocument {
  if (!isJsonObject(document)) throw refused("the allow-list", "is no object");
  const { version, entries } = document;
  if (typeof version !== "number" || !Number.isSafeInteger(version) || version < 1)
    throw refused("the allow-list's version", "is no positive number");
  if (!Array.isArray(entries) || entries.length === 0) throw refused("the allow-list", "has no entries");
  const seen = new Set<string>();
  for (const [index, entry] of entries.entries()) {
    const id = checkEntry(entry, index);
    if (seen.has(id)) throw refused(`entry ${id}: id`, "is there twice");
    seen.add(id);
  }
  return { version, entries: entries as AllowEntry[] }; // each was checked field by field
}

function refused(what: string, why: string): AppError {
  return new AppError("netfilter.allow-list", { say: `Of the allow-list, ${what} ${why}`, do: "Correct the entry; none is used before." });
}

function checkEntry(entry: unknown, index: number): string {
  if (!isJsonObject(entry)) throw refused(`entry ${index + 1}`, "is no object");
  const { id } = entry;
  if (typeof id !== "string" || !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(id)) throw refused(`entry ${index + 1}: id`, "is no name in kebab case");
  const unknown = Object.keys(entry).find((field) => !FIELDS.has(field));
  if (unknown !== undefined) throw refused(`entry ${id}: ${unknown}`, "is no field of an entry");
  const problem = whyEntryIsRefused(entry);
  if (problem !== undefined) throw refused(`entry ${id}: ${problem[0]}`, problem[1]);
  return id;
}

type Problem = readonly [field: string, why: string];

function whyEntryIsRefused(entry: JsonObject): Problem | undefined {
  for (const field of ["owner", "why"]) if (isBlank(entry[field])) return [field, "is missing"];
  const { families, tables, chain, rule, leadsTo, effectWhenBypassed, expected, lasting, nodeImages, retireAfter } = entry;
  if (!isFilled(families) || !families.every((family) => FAMILIES.has(family))) return ["families", "is no list of families"];
  if (!isFilled(tables) || tables.some(isBlank)) return ["tables", "is no list of tables"];
  if (typeof chain !== "string" || isBlank(chain)) return ["chain", "is blank"];
  const chainProblem = isPattern(chain) ? whyPatternIsRefused(chain) : undefined;
  if (chainProblem !== undefined) return ["chain", chainProblem];
  const ruleProblem = typeof rule === "string" ? whyPatternIsRefused(rule) : whyShapeIsRefused(rule);
  if (ruleProblem !== undefined) return ["rule", ruleProblem];
  const verdictProblem = leadsTo === undefined ? undefined : typeof leadsTo === "string" ? whyPatternIsRefused(leadsTo) : "is no pattern";
  if (verdictProblem !== undefined) return ["leadsTo", verdictProblem];
  if (!EFFECTS.has(effectWhenBypassed)) return ["effectWhenBypassed", "is none of none, kept and replaced"];
  if (expected !== undefined && typeof expected !== "boolean") return ["expected", "is neither true nor false"];
  if (lasting !== undefined && typeof lasting !== "boolean") return ["lasting", "is neither true nor false"];
  if (retireAfter !== undefined && !isDay(retireAfter)) return ["retireAfter", "is no day as YYYY-MM-DD"];
  return nodeImages === undefined || isImageRange(nodeImages) ? undefined : ["nodeImages", "has bounds that are no versions"];
}

/** Names of chains hold letters, digits, dashes and underscores; anything else is meant as a pattern, and has to be anchored. */
function isPattern(chain: string): boolean {
  return !/^[A-Za-z0-9_-]+$/.test(chain);
}

function whyShapeIsRefused(rule: unknown): string | undefined {
  if (!isJsonObject(rule)) return "is neither a pattern nor fields";
  for (const [field, value] of Object.entries(rule)) {
    if (SHAPE_LISTS.has(field) && (!Array.isArray(value) || value.some(isBlank))) return `has no list of words as its ${field}`;
    if (SHAPE_TEXTS.has(field) && isBlank(value)) return `has a blank ${field}`;
    if (!SHAPE_LISTS.has(field) && !SHAPE_TEXTS.has(field)) return `has the unknown field ${field}`;
  }
  return rule["action"] === undefined ? "has no action" : undefined;
}

function isBlank(value: unknown): boolean {
  return typeof value !== "string" || value.trim() === "";
}

function isFilled(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length > 0;
}

/** Whether a text is a day of the calendar, not only of its form: 2026-02-30 is none. */
function isDay(value: unknown): boolean {
  if (typeof value !== "string" || !/^\d{4}-\d{2}-\d{2}$/.test(value)) return false;
  const [year = 0, month = 0, day = 0] = value.split("-").map(Number);
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
  return day >= 1 && day <= days;
}

function isImageRange(range: unknown): boolean {
  if (!isJsonObject(range) || Object.keys(range).length === 0) return false;
  return Object.entries(range).every(([bound, version]) => {
    return (bound === "from" || bound === "to") && typeof version === "string" && /^\d+(\.\d+)*$/.test(version);
  });
}
