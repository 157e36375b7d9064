import { isArray, type JsonValue } from "../json-value.ts";
import { requireLength } from "../value-weight.ts";
import { formatText } from "./format-text.ts";
import { arrayOf, callFault, define, type FunctionCall, integerOf, type TemplateFunction, textOf, typeFault } from "./function-call.ts";
import { armGuid } from "./name-guid.ts";
import { uniqueString } from "./unique-string.ts";
import { valueText } from "./value-text.ts";

/** `substring(text, start, length?)`: both must lie within the text. */
function substring(call: FunctionCall): string {
  const text = textOf(call, 0);
  const start = integerOf(call, 1);
  const length = call.args[2] === undefined ? text.length - start : integerOf(call, 2);
  if (start < 0 || length < 0 || start + length > text.length)
    throw callFault(
      call.name,
      `needs its start index and length to lie within the string: 'startIndex' is ${start}, 'length' ${length}, the string has ${text.length} characters`,
    );
  return text.slice(start, start + length);
}

function replace(call: FunctionCall): string {
  const text = textOf(call, 0);
  const [old, fresh] = [textOf(call, 1), textOf(call, 2)];
  if (old === "") throw callFault(call.name, "expects its parameter 2 not to be empty");
  const parts = text.split(old);
  requireLength(text.length + (parts.length - 1) * (fresh.length - old.length));
  return parts.join(fresh);
}

function split(call: FunctionCall): JsonValue {
  const text = textOf(call, 0);
  const by = call.args[1];
  if (typeof by === "string") return by === "" ? [text] : text.split(by);
  const delimiters = arrayOf(call, 1).map((one, at) => (typeof one === "string" ? one : textOf({ ...call, args: [one] }, at)));
  const escaped = delimiters.filter((one) => one !== "").map((one) => one.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"));
  return escaped.length === 0 ? [text] : text.split(new RegExp(escaped.join("|")));
}

function join(call: FunctionCall): string {
  const parts = arrayOf(call, 0).map(valueText);
  const delimiter = textOf(call, 1);
  requireLength(parts.reduce((sum, part) => sum + part.length, Math.max(0, parts.length - 1) * delimiter.length));
  return parts.join(delimiter);
}

function padLeft(call: FunctionCall): string {
  const value = call.args[0];
  if (typeof value !== "string" && typeof value !== "number") throw typeFault(call, 0, "String or Integer");
  const length = integerOf(call, 1);
  const padding = call.args[2] === undefined ? " " : textOf(call, 2);
  if (padding.length !== 1) throw callFault(call.name, "expects its parameter 3 to be one character");
  requireLength(length);
  return String(value).padStart(length, padding);
}

/** Strings, with numbers and booleans as their text; or arrays. Azure Resource Manager refuses null here, as it does objects. */
function concat(call: FunctionCall): JsonValue {
  if (isArray(call.args[0] ?? null)) return call.args.flatMap((_, at) => [...arrayOf(call, at)]);
  const texts = call.args.map((value, at) => {
    if (value === null || typeof value === "object") throw typeFault(call, at, "String, Integer or Boolean");
    return valueText(value);
  });
  requireLength(texts.reduce((sum, text) => sum + text.length, 0));
  return texts.join("");
}

function texts(call: FunctionCall): string[] {
  return call.args.map((_, at) => textOf(call, at));
}

function encodeBase64(text: string): string {
  const bytes = new TextEncoder().encode(text);
  let binary = "";
  // pieces that are few enough for one call's arguments
  const piece = 8192;
  for (let at = 0; at < bytes.length; at += piece) binary += String.fromCharCode(...bytes.subarray(at, at + piece));
  return btoa(binary);
}

/** Base64 to text. Throws TemplateFault when it is none. */
export function decodeBase64(call: FunctionCall): string {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(textOf(call, 0)), (char) => char.charCodeAt(0)));
  } catch (error) {
    if (error instanceof DOMException) throw callFault(call.name, "expects its parameter to be a string of Base64");
    throw error;
  }
}

/** Whatever characters half a surrogate pair is not: a URI has none. */
function wellFormed(text: string): string {
  return text.toWellFormed();
}

function uri(call: FunctionCall): string {
  const [base, relative] = [textOf(call, 0), textOf(call, 1)];
  if (!URL.canParse(relative, base)) throw callFault(call.name, "expects its parameters to be a base URI and a relative one");
  return new URL(relative, base).href;
}

function decodeUri(call: FunctionCall): string {
  try {
    return decodeURIComponent(textOf(call, 0));
  } catch (error) {
    if (error instanceof URIError) throw callFault(call.name, "expects its parameter to be an encoded part of a URI");
    throw error;
  }
}

/** `data:text/plain;charset=utf8;base64,…`, or its text with percent signs (RFC 2397). UTF-8 is what is read, whatever is named. */
function decodeDataUri(call: FunctionCall): string {
  const [, isBase64, data = ""] = /^data:[^,]*?(;base64)?,(.*)$/is.exec(textOf(call, 0)) ?? [];
  if (!/^data:[^,]*,/i.test(textOf(call, 0)))
    throw callFault(call.name, "expects its parameter to be a data URI such as 'data:;base64,SGVsbG8='");
  const asked = { name: call.name, args: [data] };
  return isBase64 === undefined ? decodeUri(asked) : decodeBase64(asked);
}

/** Functions of strings by their name in lower case ("String functions for ARM templates"). */
export const stringFunctions: Readonly<Record<string, TemplateFunction>> = {
  base64: define(1, 1, (call) => encodeBase64(textOf(call, 0))),
  base64tostring: define(1, 1, decodeBase64),
  concat: define(1, Infinity, concat),
  datauri: define(1, 1, (call) => `data:text/plain;charset=utf8;base64,${encodeBase64(textOf(call, 0))}`),
  datauritostring: define(1, 1, decodeDataUri),
  // the comparison ignores case, as documented
  endswith: define(2, 2, (call) => textOf(call, 0).toLowerCase().endsWith(textOf(call, 1).toLowerCase())),
  startswith: define(2, 2, (call) => textOf(call, 0).toLowerCase().startsWith(textOf(call, 1).toLowerCase())),
  format: define(1, Infinity, formatText),
  guid: define(1, Infinity, (call) => armGuid(texts(call))),
  join: define(2, 2, join),
  padleft: define(2, 3, padLeft),
  replace: define(3, 3, replace),
  split: define(2, 2, split),
  string: define(1, 1, ({ args }) => valueText(args[0] ?? null)),
  substring: define(2, 3, substring),
  tolower: define(1, 1, (call) => textOf(call, 0).toLowerCase()),
  toupper: define(1, 1, (call) => textOf(call, 0).toUpperCase()),
  trim: define(1, 1, (call) => textOf(call, 0).trim()),
  uniquestring: define(1, Infinity, (call) => uniqueString(texts(call))),
  uri: define(2, 2, uri),
  uricomponent: define(1, 1, (call) => encodeURIComponent(wellFormed(textOf(call, 0)))),
  uricomponenttostring: define(1, 1, decodeUri),
};
