import type { ClusterId, Operation } from "@hostrouting/domain";

/** An operation of the simulation that was just accepted. */
export function simulatedOperation(
  asked: Pick<Operation, "id" | "kind" | "mode" | "generation" | "startedAt">,
  clusterId: ClusterId,
): Operation {
  return {
    ...asked,
    clusterId,
    phase: "Accepted",
    percentComplete: 0,
    error: undefined,
    cancelRequested: false,
    control: {},
    revision: 0,
    endedAt: undefined,
    tenantId: "",
    objectId: "",
  };
}
