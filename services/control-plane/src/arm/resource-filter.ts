/**
 * `$filter` of the list of resources, as az and the SDKs document it: `name`, `resourceGroup`, `location`, `resourceType` with `eq` and `ne`; `tagname eq`,
 * with or without `tagvalue eq`; `startswith(tagname, '…')`; `substringof('…', name)`; joined by `and`, `or` and parentheses, `and` before `or`.
 */
import type { ClusterCondition } from "@hostrouting/store";
import { ArmError } from "./arm-error.ts";
import { CLUSTER_TYPE } from "./resource-ids.ts";

/** Room for the longest names of group, cluster and type, and a dozen terms more. */
const LENGTH_MAX = 2_048;
/** Each parenthesis is a call of its own. */
const DEPTH_MAX = 8;

/** A value of a tag is of the tag that is named beside it: it is no condition alone. */
type Term = ClusterCondition | { readonly kind: "TagValue"; readonly value: string };

/** The filter, and what is left to be read of it; `depth`: open parentheses. */
type Cursor = { readonly filter: string; readonly tokens: readonly string[]; at: number; depth: number };

function refusal(filter: string): ArmError {
  const known =
    "name, resourceGroup, location or resourceType with eq or ne, tagname eq, tagvalue eq (with tagname), startswith(tagname, '…'), substringof('…', name) or " +
    "substringof('…', resourceGroup), joined by and, or and parentheses";
  const message = `The filter '${filter.slice(0, 100)}' is not one that this list knows. It knows: ${known}.`;
  return new ArmError(400, { code: "InvalidFilterInQueryString", message, target: "$filter" });
}

function tokensOf(filter: string): readonly string[] {
  const pattern = /\s*('(?:[^']|'')*'|[a-z/]+|[(),])\s*/iy;
  const tokens: string[] = [];
  for (let end = 0; end < filter.length; end = pattern.lastIndex) {
    const [, token] = pattern.exec(filter) ?? [];
    if (token === undefined) throw refusal(filter);
    tokens.push(token);
  }
  return tokens;
}

/** The next token in lower case, of words and signs only. */
const peek = ({ tokens, at }: Cursor): string | undefined => tokens[at]?.toLowerCase();

function take(cursor: Cursor, ...expected: readonly string[]): string {
  const token = peek(cursor);
  if (token === undefined || !expected.includes(token)) throw refusal(cursor.filter);
  cursor.at++;
  return token;
}

function takeText(cursor: Cursor): string {
  const token = cursor.tokens[cursor.at++] ?? "";
  if (!token.startsWith("'")) throw refusal(cursor.filter);
  return token.slice(1, -1).replaceAll("''", "'");
}

/** There is one type of resources with an address of their own in a group; all are of it, or none. */
function ofType(type: string): ClusterCondition {
  return { kind: type.toLowerCase() === CLUSTER_TYPE.toLowerCase() ? "All" : "Any", of: [] };
}

const MEMBERS = { name: "name", resourcegroup: "resourceGroup", location: "location" } as const;

function comparison(cursor: Cursor): Term {
  const member = take(cursor, "name", "resourcegroup", "location", "resourcetype", "tagname", "tagvalue");
  const isTag = member === "tagname" || member === "tagvalue";
  const verb = take(cursor, "eq", ...(isTag ? [] : ["ne"]));
  const value = takeText(cursor);
  if (member === "tagname") return { kind: "Tagged", name: value };
  if (member === "tagvalue") return { kind: "TagValue", value };
  const is: ClusterCondition =
    member === "resourcetype" ? ofType(value) : { kind: "Is", member: MEMBERS[member as keyof typeof MEMBERS], value };
  return verb === "ne" ? { kind: "Not", of: is } : is;
}

function call(cursor: Cursor): ClusterCondition {
  const isPrefix = take(cursor, "startswith", "substringof") === "startswith";
  take(cursor, "(");
  const first = isPrefix ? take(cursor, "tagname") : takeText(cursor);
  take(cursor, ",");
  const second = isPrefix ? takeText(cursor) : take(cursor, "name", "resourcegroup");
  take(cursor, ")");
  if (isPrefix) return { kind: "Tagged", name: second, isPrefix: true };
  return { kind: "Contains", member: second === "name" ? "name" : "resourceGroup", text: first };
}

function term(cursor: Cursor): Term {
  const next = peek(cursor);
  if (next === "startswith" || next === "substringof") return call(cursor);
  if (next !== "(") return comparison(cursor);
  if (cursor.depth === DEPTH_MAX) throw refusal(cursor.filter);
  take(cursor, "(");
  cursor.depth++;
  const inner = either(cursor);
  take(cursor, ")");
  cursor.depth--;
  return inner;
}

/** A tag's name and value that stand side by side are of one tag. */
function joined(terms: readonly Term[], filter: string): ClusterCondition {
  const values = terms.filter((one) => one.kind === "TagValue");
  const names = terms.filter((one) => one.kind === "Tagged");
  const [value] = values;
  if (value !== undefined && (values.length > 1 || names.length !== 1 || names[0]?.isPrefix === true)) throw refusal(filter);
  const of = terms.flatMap((one): readonly ClusterCondition[] => {
    if (one.kind === "TagValue") return [];
    return [one.kind === "Tagged" && value !== undefined ? { ...one, value: value.value } : one];
  });
  return { kind: "All", of };
}

function both(cursor: Cursor): ClusterCondition {
  const terms = [term(cursor)];
  while (peek(cursor) === "and") {
    take(cursor, "and");
    terms.push(term(cursor));
  }
  return joined(terms, cursor.filter);
}

function either(cursor: Cursor): ClusterCondition {
  const of = [both(cursor)];
  while (peek(cursor) === "or") {
    take(cursor, "or");
    of.push(both(cursor));
  }
  return of.length === 1 && of[0] !== undefined ? of[0] : { kind: "Any", of };
}

/** A character that no name, location or tag has, and the database takes in no text. */
const hasControls = (text: string): boolean => /\p{Cc}/u.test(text);

/**
 * Reads the filter; nothing where there is none.
 * @throws ArmError 400 `InvalidFilterInQueryString`: one that is not understood would show more than was asked for.
 */
export function readResourceFilter(filter: unknown): ClusterCondition | undefined {
  if (filter === undefined || filter === "") return undefined;
  if (typeof filter !== "string" || filter.length > LENGTH_MAX || hasControls(filter)) throw refusal(String(filter));
  const cursor: Cursor = { filter, tokens: tokensOf(filter), at: 0, depth: 0 };
  const condition = either(cursor);
  if (cursor.at < cursor.tokens.length) throw refusal(filter);
  return condition;
}
