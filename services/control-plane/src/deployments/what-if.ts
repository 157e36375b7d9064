/** A trial in ARM's words for `whatIf`. Pure. */
import { isDeepStrictEqual } from "node:util";
import type { DeploymentError } from "@hostrouting/domain";
import { payloadDelta, withoutVolatile, type PropertyChange } from "./payload-delta.ts";
import type { Leftover } from "./try-removals.ts";
import type { Tried } from "./try-template.ts";
import { asJsonObject } from "../enablement/json-object.ts";

/** One resource in the reply. */
export type WhatIfChange = {
  readonly resourceId: string;
  /** `Deploy`: written, and nobody asked whether that changes it. `Unsupported`: could not be found out. */
  readonly changeType: "Create" | "Modify" | "NoChange" | "Deploy" | "Delete" | "Ignore" | "Unsupported";
  readonly before?: unknown;
  readonly after?: unknown;
  readonly delta?: readonly PropertyChange[];
  readonly unsupportedReason?: string;
};

/** Something that the answer leaves out, as ARM tells it beside the changes. */
export type WhatIfDiagnostic = { readonly level: "Warning"; readonly code: string; readonly message: string; readonly target?: string };

/** What was left out, in ARM's words. */
export function whatIfDiagnostics(leftOut: readonly DeploymentError[]): readonly WhatIfDiagnostic[] {
  return leftOut.map(({ code, message, target }) => ({
    ...{ level: "Warning", code, message: `${message} What becomes of them is left out of the changes.` },
    ...(target !== undefined && { target }),
  }));
}

/** How much is told of each resource. */
export type ResultFormat = "FullResourcePayloads" | "ResourceIdOnly";

function ofTried(tried: Exclude<Tried, { kind: "Refused" }>, format: ResultFormat): WhatIfChange {
  const resourceId = tried.resource.id;
  if (tried.kind === "Unknown") return { resourceId, changeType: "Unsupported", unsupportedReason: tried.why };
  const exists = tried.before !== undefined;
  if (format === "ResourceIdOnly" || tried.kind === "Planned") return { resourceId, changeType: exists ? "Deploy" : "Create" };
  const after = withoutVolatile(tried.after);
  if (!exists) return { resourceId, changeType: "Create", after };
  const before = withoutVolatile(tried.before);
  if (isDeepStrictEqual(before, after)) return { resourceId, changeType: "NoChange", before, after, delta: [] };
  return { resourceId, changeType: "Modify", before, after, delta: payloadDelta(asJsonObject(before), asJsonObject(after)) };
}

function ofLeftover(left: Exclude<Leftover, { kind: "Refused" }>, format: ResultFormat): WhatIfChange {
  const { id: resourceId, body } = left.cluster;
  if (left.kind === "Unknown") return { resourceId, changeType: "Unsupported", unsupportedReason: left.why };
  const before = format === "FullResourcePayloads" && { before: withoutVolatile(body) };
  return { resourceId, changeType: left.kind === "Deleted" ? "Delete" : "Ignore", ...before };
}

/** All changes, in the order in which they would be made; at the end what becomes of resources of the group that the template does not name. */
export function whatIfChanges(
  { tried, leftovers }: { readonly tried: readonly Tried[]; readonly leftovers: readonly Leftover[] },
  format: ResultFormat,
): readonly WhatIfChange[] {
  return [
    ...tried.flatMap((one) => (one.kind === "Refused" ? [] : [ofTried(one, format)])),
    ...leftovers.flatMap((one) => (one.kind === "Refused" ? [] : [ofLeftover(one, format)])),
  ];
}
