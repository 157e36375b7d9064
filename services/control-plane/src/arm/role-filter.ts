import { ArmError } from "./arm-error.ts";

/** What lists of assignments and roles can be narrowed to. */
export type RoleFilter = {
  /** Only at the scope and above it. */
  readonly atScope: boolean;
  readonly principalId?: string;
  readonly roleName?: string;
  readonly type?: string;
};

// Postgres takes the character U+0000 in no text.
const EQUALITY = /^(principalId|roleName|type)\s+eq\s+'((?:[^'\0]|'')*)'$/i;
const ASSIGNED = /^assignedTo\(\s*'((?:[^'\0]|'')*)'\s*\)$/i;
const LENGTH_MAX = 512;

function refuse(text: string): ArmError {
  const known = "atScope(), principalId eq '…', assignedTo('…'), roleName eq '…', type eq '…', joined by 'and'";
  return new ArmError(400, {
    code: "InvalidFilter",
    message: `The filter '${text.slice(0, 100)}' is not one that this list knows: ${known}.`,
    target: "$filter",
  });
}

const unquoted = (text: string): string => text.replaceAll("''", "'");

function term(text: string): Partial<RoleFilter> | undefined {
  if (/^atScope\(\)$/i.test(text)) return { atScope: true };
  // Groups are not known here: what is assigned to somebody is assigned to exactly them.
  const assigned = ASSIGNED.exec(text)?.[1];
  if (assigned !== undefined) return { principalId: unquoted(assigned) };
  const [, name = "", value] = EQUALITY.exec(text) ?? [];
  if (value === undefined) return undefined;
  const key = (["principalId", "roleName", "type"] as const).find((one) => one.toLowerCase() === name.toLowerCase());
  return key && { [key]: unquoted(value) };
}

/**
 * Reads `$filter`. @throws ArmError 400 `InvalidFilter`: a filter that is not understood would show more than was asked for.
 */
export function readFilter(query: Readonly<Record<string, unknown>>): RoleFilter {
  const key = Object.keys(query).find((one) => one.toLowerCase() === "$filter");
  const value = key === undefined ? undefined : query[key];
  if (value === undefined || value === "") return { atScope: false };
  if (typeof value !== "string" || value.length > LENGTH_MAX) throw refuse(String(value));
  let filter: RoleFilter = { atScope: false };
  for (const text of value.trim().split(/\s+and\s+/i)) {
    const found = term(text);
    if (found === undefined) throw refuse(value);
    filter = { ...filter, ...found };
  }
  return filter;
}
