import { operationVerbs, type Instant, type Operation, type WorkingPhase } from "@hostrouting/domain";
import type { ClusterSnapshot } from "./snapshot.ts";

/** Pauses an operation whose steps have failed too often in a row; whoever resumes it gives it all tries again. */
export function withExhaustedPause({ faults }: ClusterSnapshot, operation: Operation): Operation {
  const { phase, control, error, cancelRequested } = operation;
  const isHeld = control.pause !== undefined || phase === "Pausing" || phase === "Paused";
  const goesOn = error === undefined && !cancelRequested && operationVerbs[phase].includes("pause");
  if (faults?.isExhausted !== true || isHeld || !goesOn) return operation;
  const message = `Tried ${faults.tries} times in vain: ${faults.message}`;
  return { ...operation, control: { ...control, pause: { reason: "StepExhausted", message, by: "" } } };
}

/** The same where not even a round can be run over the cluster: pause and resume without looking at a node. */
export function heldUnseen(snapshot: ClusterSnapshot, operation: Operation, now: Instant): Operation {
  const asked = withExhaustedPause(snapshot, operation);
  const { control, phase } = asked;
  if (control.pause === undefined && control.held !== undefined) {
    const { held, ...rest } = control;
    return { ...asked, phase: held.from, control: { ...rest, resumedAt: now, waitedMs: (control.waitedMs ?? 0) + now - held.since } };
  }
  if (control.pause === undefined) return asked;
  return { ...asked, phase: "Paused", control: { ...control, held: control.held ?? { from: phase as WorkingPhase, since: now } } };
}
