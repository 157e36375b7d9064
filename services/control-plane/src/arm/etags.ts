import { armError, type ArmError } from "./arm-error.ts";

/** The two conditions that a write may carry, as they were sent. */
export type Preconditions = { readonly ifMatch: string | undefined; readonly ifNoneMatch: string | undefined };

/** Opaque tags of a header value: quotes and the weak mark are dropped, for az quotes and the SDK for JavaScript does not. */
function tagsOf(header: string): readonly string[] {
  return header.split(",").map((one) =>
    one
      .trim()
      .replace(/^W\//, "")
      .replace(/^"(.*)"$/, "$1"),
  );
}

function matches(header: string, etag: string | undefined): boolean {
  if (etag === undefined) return false;
  return tagsOf(header).some((tag) => tag === "*" || tag === etag);
}

/**
 * Why a write may not go ahead, or nothing (RFC 9110 §13; an empty header counts as absent, as ARM has it).
 * @param etag of the stored resource; absent when there is none.
 */
export function whyNotPreconditions(conditions: Preconditions, etag: string | undefined): ArmError | undefined {
  if (conditions.ifMatch && !matches(conditions.ifMatch, etag))
    return armError(
      412,
      "PreconditionFailed",
      "The resource has changed since it was read: its etag is not the one in If-Match. Read it again and repeat.",
    );
  if (conditions.ifNoneMatch && matches(conditions.ifNoneMatch, etag))
    return armError(412, "PreconditionFailed", "The resource exists with an etag that If-None-Match excludes.");
  return undefined;
}
