import { JSON_DEPTH_MAX } from "./limits.ts";
import type { TemplateProblem } from "./template-problem.ts";

/** 8 MiB of text: a template and its parameters are 4 MiB at most, what the request adds is small; the request's own limit is usually lower. */
export const BODY_CHARS_MAX = 8 * 1024 * 1024;

/** Strict JSON text, or why there is none. */
export type RelaxedBody =
  | { readonly kind: "json"; readonly text: string }
  | { readonly kind: "refused"; readonly problem: TemplateProblem };

/** A bare word that is a key when a colon follows, else a literal; a comma that counts unless a bracket closes; what is open. */
type Reader = {
  readonly text: string;
  readonly out: string[];
  readonly open: string[];
  at: number;
  word: string | undefined;
  comma: boolean;
};

class Unreadable extends Error {}

/**
 * Makes strict JSON of the body that `az deployment group create|validate|what-if` sends. az splices the text of the template file into JSON under an unquoted key, with its comments,
 * trailing commas, and raw line breaks and tabs inside strings (azure-cli 2.91, custom.py of the resource commands). Takes time and memory linear in the text.
 * What it lets through may still not be JSON: JSON.parse has the last word.
 */
export function relaxTemplateBody(text: string): RelaxedBody {
  const reader: Reader = { text, out: [], open: [], at: 0, word: undefined, comma: false };
  try {
    if (text.length > BODY_CHARS_MAX) throw new Unreadable(`it has ${text.length} characters, at most ${BODY_CHARS_MAX} are read`);
    while (reader.at < text.length) readToken(reader);
    settle(reader, "");
    return { kind: "json", text: reader.out.join("") };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    const before = text.slice(0, Math.min(reader.at, text.length));
    const line = (before.match(/\n/g)?.length ?? 0) + 1;
    const column = before.length - before.lastIndexOf("\n");
    const message = `The request content was invalid and could not be deserialized: '${error.message}, line ${line}, position ${column}.'.`;
    return { kind: "refused", problem: { code: "InvalidRequestContent", message, path: "" } };
  }
}

const SPACE = /[\s\uFEFF]+/y;
const WORD = /[A-Za-z_$][\w$]*/y;
const NUMBER = /[-+.\w]+/y;

function readToken(reader: Reader): void {
  const { text, at } = reader;
  const char = text[at];
  if (skip(reader, SPACE) !== undefined) {
    // what stands between tokens says nothing
  } else if (char === "/") skipComment(reader);
  else if (char === '"') {
    settle(reader, char);
    readString(reader);
  } else if (char === "{" || char === "[") {
    settle(reader, char);
    if (reader.open.push(char === "{" ? "}" : "]") > JSON_DEPTH_MAX)
      throw new Unreadable(`more than ${JSON_DEPTH_MAX} brackets are within each other`);
    take(reader, char);
  } else if (char === "}" || char === "]") {
    settle(reader, char);
    if (reader.open.pop() !== char) throw new Unreadable(`"${char}" closes nothing`);
    take(reader, char);
  } else if (char === ",") {
    settle(reader, char);
    reader.comma = true;
    reader.at++;
  } else if (char === ":") {
    settle(reader, char);
    take(reader, char);
  } else readBare(reader);
}

function take(reader: Reader, token: string): void {
  reader.out.push(token);
  reader.at += token.length;
}

/** What was held back until the next token is known. */
function settle(reader: Reader, next: string): void {
  const { word } = reader;
  reader.word = undefined;
  if (word !== undefined) reader.out.push(next === ":" ? `"${word}"` : word);
  if (!reader.comma) return;
  reader.comma = false;
  if (next === ",") throw new Unreadable("a comma follows a comma");
  if (next !== "}" && next !== "]") reader.out.push(",");
}

function readBare(reader: Reader): void {
  const word = skip(reader, WORD);
  if (word !== undefined) {
    // a word behind a word would become another word
    settle(reader, " ");
    reader.out.push(" ");
    reader.word = word;
    return;
  }
  const number = skip(reader, NUMBER);
  if (number === undefined) throw new Unreadable(`"${reader.text[reader.at]}" was not expected`);
  settle(reader, " ");
  reader.out.push(" ", number);
}

function skip(reader: Reader, pattern: RegExp): string | undefined {
  pattern.lastIndex = reader.at;
  const found = pattern.exec(reader.text)?.[0];
  if (found !== undefined) reader.at += found.length;
  return found;
}

function skipComment(reader: Reader): void {
  const { text, at } = reader;
  if (text[at + 1] === "/") {
    const end = text.indexOf("\n", at);
    reader.at = end < 0 ? text.length : end;
  } else if (text[at + 1] === "*") {
    const end = text.indexOf("*/", at + 2);
    if (end < 0) throw new Unreadable("a comment has no end");
    reader.at = end + 2;
  } else throw new Unreadable('"/" was not expected');
}

/** A quote, a backslash, or a control character; JSON forbids only those below the space, the others may be escaped. */
const STRING_END = /["\\]|(?! )\p{Cc}/gu;
const SHORT_ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f" };

function readString(reader: Reader): void {
  const { text, out } = reader;
  let from = reader.at;
  let at = from + 1;
  for (;;) {
    STRING_END.lastIndex = at;
    const found = STRING_END.exec(text);
    if (found === null) throw new Unreadable("a string has no end");
    const char = found[0];
    at = found.index + 1;
    if (char === '"') break;
    // what an escape means is for JSON.parse; a line break behind a backslash is left to be refused by it
    if (char === "\\") at++;
    else {
      out.push(text.slice(from, found.index), SHORT_ESCAPES[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
      from = at;
    }
  }
  out.push(text.slice(from, at));
  reader.at = at;
}
