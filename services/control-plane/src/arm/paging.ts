import { ArmError } from "./arm-error.ts";

/** Resources on one page unless a client asks for fewer. A page of large ones has fewer, see fit-reply.ts. */
const PAGE_SIZE_MAX = 100;

/** Where a page begins and how many resources it may hold. */
export type Page = { readonly limit: number; readonly after: string | undefined };

/** The value of a query parameter, whatever letter case its key has. */
function parameter(query: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const key = Object.keys(query).find((one) => one.toLowerCase() === name);
  const value = key === undefined ? undefined : query[key];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Opaque place of the page after the one that ends with `last`. */
export function skipTokenAfter(last: string): string {
  return Buffer.from(last, "utf8").toString("base64url");
}

/** The answer to a place that was not handed out by the list that is asked: 400 `InvalidParameter`. */
export function badSkipToken(): ArmError {
  return new ArmError(400, { code: "InvalidParameter", message: "$skipToken is not one that this list handed out.", target: "$skipToken" });
}

/**
 * Reads `$top` and `$skipToken`.
 * @param scope what every place of this list begins with: of resources, their ids' lower-case prefix.
 * @throws ArmError 400 `InvalidParameter` for a number out of range or a token that we did not make for this list.
 */
export function readPage(query: Readonly<Record<string, unknown>>, scope: string): Page {
  const top = parameter(query, "$top");
  if (top !== undefined && !/^[1-9]\d{0,8}$/.test(top))
    throw new ArmError(400, { code: "InvalidParameter", message: "$top must be a whole number of at least 1.", target: "$top" });
  const token = parameter(query, "$skiptoken");
  const after = token === undefined ? undefined : Buffer.from(token, "base64url").toString("utf8");
  if (after !== undefined && (!after.startsWith(`${scope}/`) || after.includes("\u0000"))) throw badSkipToken();
  return { limit: Math.min(Number(top ?? PAGE_SIZE_MAX), PAGE_SIZE_MAX), after };
}
