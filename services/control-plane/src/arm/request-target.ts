import { armError, type ArmError } from "./arm-error.ts";

/** Scheme and authority of a target in absolute form (RFC 9112, 3.2.2). */
const ORIGIN = /^https?:\/\/[^/?#]+/i;

/**
 * A request target without the server that it names. The router leaves that out by itself, and rights, limits and audit are judged by the address as we read
 * it: both must read the same one.
 */
export function withoutOrigin(target: string): string {
  const path = target.replace(ORIGIN, "");
  return path === target || path.startsWith("/") ? path : `/${path}`;
}

const invalid = (why: string): ArmError => armError(400, "InvalidRequestUri", `The request URI is not valid: ${why}.`);

/**
 * Why a request target is refused before anything else looks at it, or nothing.
 * @param target path and query, as they were sent.
 */
export function whyNotTarget(target: string): ArmError | undefined {
  const [path = ""] = target.split("?", 1);
  if (!target.startsWith("/")) return invalid("it must begin with a slash");
  // The router would end the path here, and whoever judges it would not.
  if (target.includes("#")) return invalid("it has a fragment, which is never sent (write # as %23)");
  // Postgres takes it in no text.
  if (path.includes("%00")) return invalid("it has the character U+0000");
  // U+0130 is the one letter that becomes longer in lower case, by which the router finds where names begin and end.
  return /%c4%b0/i.test(path) ? invalid("it has the letter U+0130, which has no lower case of one letter") : undefined;
}
