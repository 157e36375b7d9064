import type { HostRoutingStatus, Operation, OperationControl } from "@hostrouting/domain";
import { armError, type ArmError } from "../arm/arm-error.ts";
import type { Principal } from "../arm/principal.ts";

/** Somebody accepts that so many connections may break. */
export type Acknowledgement = { readonly verb: "acknowledge"; readonly connections: number };

/** Who acknowledges what, and what the worker has seen. */
export type AcknowledgementRequest = {
  readonly ask: Acknowledgement;
  readonly principal: Principal;
  readonly status: HostRoutingStatus | undefined;
};

/**
 * What the operation remembers of an acknowledgement; undefined when there is one already. 409 when nobody is asked for one, and when more connections
 * may break by now than were seen. Pure.
 */
export function decideAcknowledgement(
  { control, kind, id }: Operation,
  { ask, principal, status }: AcknowledgementRequest,
): OperationControl | ArmError | undefined {
  if (control.acknowledged !== undefined) return undefined;
  if (!status?.waits.some(({ reason }) => reason === "DisruptionNotAcknowledged"))
    return armError(409, "OperationNotAllowed", `Operation ${kind} (${id}) waits for no acknowledgement.`);
  const expected = status.disruption?.expectedAtMost ?? 0;
  if (expected > ask.connections) {
    const message = `By now ${expected} connections may break, and ${ask.connections} were acknowledged. Look again, and acknowledge that many.`;
    return armError(409, "DisruptionNotAcknowledged", message);
  }
  return { ...control, acknowledged: { connections: ask.connections, by: principal.objectId } };
}
