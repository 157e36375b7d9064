import type { OperationError, OperationId } from "@hostrouting/domain";
import type { ClusterChange, LockedCluster } from "@hostrouting/store";
import { ArmError } from "../arm/arm-error.ts";
import { decideDelete } from "../enablement/decide-delete.ts";
import { underWay, type Change } from "../enablement/decide-settings.ts";

/** What goes with more than itself: `since`, a deletion that began earlier and failed does not count; `again`, whether one that failed is begun anew. */
export type CascadeRule = { readonly since: number; readonly again: (endedAt: number) => boolean };

/** What becomes of one cluster. `Rests`: its deletion failed and is not begun anew, now or at all. */
export type CascadeDecision = {
  readonly change?: ClusterChange;
  readonly result:
    | { readonly kind: "Gone" | "Going" }
    | { readonly kind: "Begun"; readonly operationId: OperationId }
    | { readonly kind: "Rests"; readonly error: OperationError };
};

const UNCONDITIONAL = { ifMatch: undefined, ifNoneMatch: undefined };

/** Decides about a cluster whose group or subscription goes: by what a DELETE of it comes to, so that one that is somebody else's is only let go of. Pure. */
export function decideCascade(locked: LockedCluster | undefined, given: Change, rule: CascadeRule): CascadeDecision {
  if (locked === undefined) return { result: { kind: "Gone" } };
  if (underWay(locked)?.kind === "DeleteManagedCluster") return { result: { kind: "Going" } };
  const { last } = locked;
  const hasFailed = last?.kind === "DeleteManagedCluster" && last.startedAt >= rule.since;
  if (hasFailed && !rule.again(last.endedAt ?? last.startedAt)) {
    const error = last.error ?? { code: "OperationFailed", message: `Its deletion ended as ${last.phase}.` };
    return { result: { kind: "Rests", error } };
  }
  const { change, result } = decideDelete(locked, { ...given, preconditions: UNCONDITIONAL });
  if (result instanceof ArmError) return { result: { kind: "Rests", error: { code: result.fault.code, message: result.fault.message } } };
  if (result === "Absent" || change === undefined) return { result: { kind: "Gone" } };
  return { change, result: { kind: "Begun", operationId: result.operationId } };
}
