import { isDeepStrictEqual } from "node:util";
import type { Check, Expect, Json, Matcher } from "./point.ts";
import type { Reply } from "./send.ts";
import { fillAll, type Variables } from "./templates.ts";

/** ARM's limit for a reply. */
export const REPLY_BYTES_MAX = 8 * 1024 * 1024;
const SHOWN_MAX = 160;

const isMatcher = (check: Check): check is Matcher => typeof check === "object" && check !== null && "check" in check;

/** The value at a path like `value.0.name`, `header:etag`, or `list[key=value].name`; nothing when there is none. */
export function valueAt(reply: Reply, path: string): Json | undefined {
  if (path.startsWith("header:")) return reply.headers[path.slice("header:".length)];
  let value: unknown = parsed(reply);
  for (const part of path.match(/[^.[\]]+=[^\]]+|[^.[\]]+/g) ?? []) {
    if (value === null || typeof value !== "object") return undefined;
    const [key = "", wanted] = part.split("=", 2);
    value =
      wanted !== undefined && Array.isArray(value)
        ? value.find((item: unknown) => String((item as Record<string, unknown>)[key]) === wanted)
        : (value as Record<string, unknown>)[part];
  }
  return value as Json | undefined;
}

function parsed(reply: Reply): unknown {
  try {
    return reply.text === "" ? undefined : JSON.parse(reply.text);
  } catch {
    return undefined;
  }
}

const STABLE = /^\d{4}-\d{2}-\d{2}$/;

const MATCHERS: { readonly [Kind in Matcher["check"]]: (value: Json | undefined, matcher: Matcher, variables: Variables) => boolean } = {
  absent: (value) => value === undefined || value === null,
  present: (value) => value !== undefined && value !== null && value !== "" && !(Array.isArray(value) && value.length === 0),
  matches: (value, matcher) => "pattern" in matcher && typeof value === "string" && matcher.pattern.test(value),
  oneOf: (value, matcher) => "values" in matcher && matcher.values.some((one) => isDeepStrictEqual(one, value)),
  atLeast: (value, matcher) => "value" in matcher && value !== undefined && Number(value) >= matcher.value,
  atMost: (value, matcher) => "value" in matcher && value !== undefined && Number(value) <= matcher.value,
  mentions: (value, matcher) => "texts" in matcher && matcher.texts.every((text) => JSON.stringify(value ?? null).includes(text)),
  hides: (value, matcher) => "texts" in matcher && !matcher.texts.some((text) => JSON.stringify(value ?? null).includes(text)),
  saved: (value, matcher, variables) => "name" in matcher && isDeepStrictEqual(value, variables.get(`$${matcher.name}`)),
  differs: (value, matcher, variables) =>
    "name" in matcher && value !== undefined && !isDeepStrictEqual(value, variables.get(`$${matcher.name}`)),
  below: (value, matcher, variables) =>
    "name" in matcher && value !== undefined && Number(value) < Number(variables.get(`$${matcher.name}`)),
  noneTwice: (value) => Array.isArray(value) && new Set(value.map((item) => JSON.stringify(item))).size === value.length,
  versionsNewestFirst: (value) => {
    if (!Array.isArray(value) || value.length === 0) return false;
    const versions = value.map(String);
    const stable = versions.filter((version) => STABLE.test(version));
    return isDeepStrictEqual(versions, versions.toSorted().reverse()) && stable.length > 0;
  },
};

function fulfils(value: Json | undefined, check: Check, variables: Variables): boolean {
  if (!isMatcher(check)) return isDeepStrictEqual(value, check);
  const texts = "texts" in check ? { ...check, texts: fillAll([...check.texts], variables) as readonly string[] } : check;
  return MATCHERS[check.check](value, texts, variables);
}

function tell(check: Check, variables: Variables): string {
  if (!isMatcher(check)) return JSON.stringify(check);
  if ("pattern" in check) return String(check.pattern);
  if ("name" in check) return `${check.check} ${short(JSON.stringify(variables.get(`$${check.name}`)) ?? "nothing")}`;
  const { check: kind, ...more } = check;
  return [kind, ...Object.values(more).map((value) => JSON.stringify(value))].join(" ");
}

function short(text: string): string {
  return text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX)}…`;
}

/** What every reply must be, whatever was asked (F1-9, F1-58, both aims of the fuzz). */
export function whyNotArm(reply: Reply): string | undefined {
  if (reply.bytes > REPLY_BYTES_MAX) return `the reply has ${reply.bytes} bytes, more than 8 MiB`;
  if (reply.status >= 500) return `status ${reply.status}: ${short(reply.text)}`;
  for (const name of ["x-ms-request-id", "x-ms-correlation-request-id"]) if (!reply.headers[name]) return `the reply has no ${name}`;
  if (reply.status < 400) return undefined;
  const error = valueAt(reply, "error");
  const isArm = ["code", "message"].every((name) => typeof (error as Record<string, unknown> | undefined)?.[name] === "string");
  return isArm ? undefined : `status ${reply.status} without an ARM error body: ${short(reply.text)}`;
}

/** What is not as expected, or nothing. */
export function whyNotExpected(reply: Reply, expect: Expect, variables: Variables): string | undefined {
  const statuses = typeof expect.status === "number" ? [expect.status] : expect.status;
  const code = valueAt(reply, "error.code");
  if (!statuses.includes(reply.status)) return `${sayStatus(reply)} instead of ${statuses.join(" or ")}: ${short(reply.text)}`;
  const general = whyNotArm(reply);
  if (general !== undefined) return general;
  const codes = expect.code === undefined ? undefined : typeof expect.code === "string" ? [expect.code] : expect.code;
  if (codes !== undefined && !codes.includes(String(code))) return `code ${String(code)} instead of ${codes.join(" or ")}`;
  if (expect.empty === true && reply.bytes > 0) return `a body of ${reply.bytes} bytes instead of none: ${short(reply.text)}`;
  const checks = [
    ...Object.entries(expect.headers ?? {}).map(([name, check]) => [`header:${name}`, check] as const),
    ...Object.entries(expect.body ?? {}),
  ];
  for (const [template, raw] of checks) {
    const path = fillAll(template, variables) as string;
    const check = isMatcher(raw) ? raw : fillAll(raw, variables);
    const value = valueAt(reply, path);
    if (!fulfils(value, check, variables))
      return `${path} is ${short(JSON.stringify(value) ?? "absent")} instead of ${short(tell(check, variables))}`;
  }
  return undefined;
}

/** A status with the code of an error: `409 OperationNotAllowed`. */
export function sayStatus(reply: Reply): string {
  const code = valueAt(reply, "error.code");
  return typeof code === "string" ? `${reply.status} ${code}` : String(reply.status);
}
