import type { Operation, OperationControl, PendingGate } from "@hostrouting/domain";
import { armError, type ArmError } from "../arm/arm-error.ts";
import type { Principal } from "../arm/principal.ts";

/** Somebody's answer to a gate; `comment` is their own text. */
export type Answer = { readonly verb: "approve" | "reject"; readonly gate: string; readonly comment: string };

/** A maintenance window holds an operation as a gate does, and is nobody's to open; so do the queue and whatever is to be acknowledged. */
const GATES: ReadonlySet<PendingGate["kind"]> = new Set(["Approval", "ScheduledStart", "Webhook"]);

/**
 * What an answer makes of an operation: only the gate that holds it now can be answered, and whoever asked for the operation cannot approve
 * it where two persons are asked for. Nothing when the gate was approved before.
 */
export function decideAnswer(active: Operation, answer: Answer, principal: Principal): OperationControl | ArmError | undefined {
  const { pending, approvals = [] } = active.control;
  const { gate, comment } = answer;
  const isApproved = approvals.some((given) => given.gate === gate);
  if (answer.verb === "approve" && isApproved) return undefined;
  const isHeld = pending !== undefined && GATES.has(pending.kind) && !isApproved;
  if (!isHeld || pending.gate !== gate) {
    const now = !isHeld ? "No gate holds the operation now." : `It is gate '${pending.gate}' that holds the operation.`;
    return armError(409, "OperationNotAllowed", `Gate '${gate}' waits for no answer. ${now}`);
  }
  if (answer.verb === "approve" && pending.kind === "ScheduledStart")
    return armError(409, "OperationNotAllowed", `Gate '${gate}' opens at its time and not by an approval. It can be rejected.`);
  if (answer.verb === "approve" && pending.kind === "Webhook")
    return armError(409, "OperationNotAllowed", `Gate '${gate}' is opened by its webhook and not by an approval. It can be rejected.`);
  const given = { gate, by: principal.objectId, comment };
  if (answer.verb === "reject") return { ...active.control, rejection: given };
  if (pending.twoPersons && principal.objectId === active.objectId)
    return armError(403, "ApprovalByAuthor", `Gate '${gate}' asks for two persons: whoever asked for the operation cannot approve it.`);
  return { ...active.control, approvals: [...approvals, given] };
}
