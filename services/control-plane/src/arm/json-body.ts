import { armError } from "./arm-error.ts";
import { repeatedMember } from "./repeated-member.ts";

/** Deeper than any managed cluster, shallow enough for every recursion over a body. */
const DEPTH_MAX = 64;
/** Members that would reach into an object's prototype when copied carelessly. */
const FORBIDDEN = new Set(["__proto__", "constructor", "prototype"]);

/** Postgres stores neither the character U+0000 nor half a surrogate pair in JSON. */
function judgeText(text: string): void {
  if (!text.isWellFormed() || text.includes("\u0000"))
    throw armError(400, "InvalidRequestContent", "The body has text with the character U+0000 or with half a surrogate pair.");
}

/**
 * Judges a parsed body: nesting, names of members, text.
 * @throws ArmError 400 `InvalidRequestContent`.
 */
export function judgeJson(value: unknown, depthMax: number, depth = 1): void {
  if (typeof value === "string") return judgeText(value);
  if (value === null || typeof value !== "object") return;
  if (depth > depthMax) throw armError(400, "InvalidRequestContent", `The body is nested more than ${depthMax} levels deep.`);
  for (const [name, member] of Object.entries(value)) {
    if (FORBIDDEN.has(name)) throw armError(400, "InvalidRequestContent", `The body has a member named '${name}', which is not allowed.`);
    judgeText(name);
    judgeJson(member, depthMax, depth + 1);
  }
}

/** The text of a body. @throws ArmError 400 `InvalidRequestContent` for bytes that are no UTF-8, which would be stored as other text than was sent. */
export function readUtf8(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw armError(400, "InvalidRequestContent", "The request content is not valid UTF-8.");
  }
}

/**
 * Parses a request body. An empty one is `undefined`: az sends a JSON content type with nothing in it.
 * @throws ArmError 400 `InvalidRequestContent`.
 */
export function parseJsonBody(text: string): unknown {
  if (text.trim() === "") return undefined;
  let body: unknown;
  try {
    body = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    const why = error instanceof SyntaxError ? error.message.replace(/, ".*" is not valid JSON$/s, "") : "it is nested too deep";
    throw armError(400, "InvalidRequestContent", `The request content is not valid JSON: ${why}.`);
  }
  judgeJson(body, DEPTH_MAX);
  const repeated = repeatedMember(text);
  if (repeated !== undefined)
    throw armError(400, "InvalidRequestContent", `The body has an object with two members named '${repeated}'. Send one of them.`);
  return body;
}
