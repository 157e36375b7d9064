import { isJsonObject, onlyField } from "./json-shape.ts";

/** Where a rule stands. */
export interface RulePlace {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
}

/** One object of nft's list. */
export interface NftObject {
  /** Its place in the list, from 0. */
  readonly index: number;
  /** Empty when it does not name one. */
  readonly kind: string;
  /** Of a rule whose place could be read without reading the rule. */
  readonly place: RulePlace | undefined;
  /** What it says; undefined when it is no JSON. */
  readonly value: () => unknown;
}

/**
 * The objects of `nft -j list ruleset`, or why there are none. As nft prints them they are split first and read one by one, when they are
 * wanted: 10,000 rules in one tree of objects are more than a process with little memory gets rid of cheaply.
 */
export function nftObjects(text: string): NftObject[] | string {
  const slices = split(text);
  if (slices !== undefined) return slices.map(slicedObject);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return "it is not JSON"; // what the parser says quotes the text, which may be megabytes
  }
  const list = isJsonObject(document) ? document["nftables"] : undefined;
  if (!Array.isArray(list)) return 'it has no list "nftables"';
  return list.map((object: unknown, index): NftObject => {
    const [kind, value] = onlyField(object) ?? ["", undefined];
    return { index, kind, place: undefined, value: () => value };
  });
}

const HEAD = /^\s*\{\s*"nftables"\s*:\s*\[\s*/;
const BETWEEN = /\s*(?:,\s*(?=\{)|\]\s*\}\s*$)/y;
const KIND = /^\{\s*"([a-z ]+)"\s*:\s*\{/;
const RULE = /^\{\s*"rule"\s*:\s*\{\s*"family"\s*:\s*"([^"\\]*)"\s*,\s*"table"\s*:\s*"([^"\\]*)"\s*,\s*"chain"\s*:\s*"([^"\\]*)"/;

/** The text of each object; undefined where the list is not as nft prints it. */
function split(text: string): string[] | undefined {
  const head = HEAD.exec(text);
  if (head === null) return undefined;
  const slices: string[] = [];
  let at = head[0].length;
  for (;;) {
    const end = endOfObject(text, at);
    if (end === undefined) return undefined;
    slices.push(text.slice(at, end));
    BETWEEN.lastIndex = end;
    const between = BETWEEN.exec(text)?.[0];
    if (between === undefined) return undefined;
    at = end + between.length;
    if (at === text.length) return slices;
  }
}

const [QUOTE, BACKSLASH, OPEN, CLOSE] = ['"', "\\", "{", "}"].map((sign) => sign.charCodeAt(0));

/** Behind the brace that closes the object which begins at `start`. */
function endOfObject(text: string, start: number): number | undefined {
  if (text.charCodeAt(start) !== OPEN) return undefined;
  let depth = 0;
  let isQuoted = false;
  for (let at = start; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (isQuoted) {
      if (code === BACKSLASH) at += 1;
      else if (code === QUOTE) isQuoted = false;
    } else if (code === QUOTE) isQuoted = true;
    else if (code === OPEN) depth += 1;
    else if (code === CLOSE && (depth -= 1) === 0) return at + 1;
  }
  return undefined;
}

function slicedObject(slice: string, index: number): NftObject {
  const rule = RULE.exec(slice);
  const [, family = "", table = "", chain = ""] = rule ?? [];
  const kind = rule === null ? (KIND.exec(slice)?.[1] ?? kindOf(slice)) : "rule";
  return { index, kind, place: rule === null ? undefined : { family, table, chain }, value: () => onlyField(parsed(slice))?.[1] };
}

/** Of an object that is not as nft writes them. */
function kindOf(slice: string): string {
  return onlyField(parsed(slice))?.[0] ?? "";
}

function parsed(slice: string): unknown {
  try {
    return JSON.parse(slice);
  } catch {
    return undefined;
  }
}
