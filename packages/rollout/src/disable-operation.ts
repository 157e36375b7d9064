import { unreachable, type Operation } from "@hostrouting/domain";
import { closedWindow, hasNodesToDisable } from "./disruption-gate.ts";
import { isReached } from "./failure-budget.ts";
import { pauseOperation, resumeOperation } from "./held-operation.ts";
import { withPendingGate } from "./policy-gates.ts";
import { withRest } from "./resting-operation.ts";
import { advance, freshAttempts, progressError, timeoutError } from "./operation-step.ts";
import { removeEverything } from "./remove-everything.ts";
import { stepNodes, type Outcome, type Round } from "./round.ts";
import { isSkipped } from "./take-requests.ts";
import { windDown } from "./wind-down.ts";

/**
 * Switching host routing off, on request or as a rollback of a switching on: the same phases, nothing to validate. Nodes let go a few at a time, when
 * they may be disturbed; the bundle is removed once every node's kernel shows the stack, and the policy last. It goes on under an emergency off,
 * which it does not contradict, and then at any time.
 */
export function disableOperation(round: Round, operation: Operation): Outcome {
  return withRest(round, operation, (asked) => withPendingGate(round, disablingStep(round, asked)));
}

function disablingStep(round: Round, operation: Operation): Outcome {
  if (operation.error !== undefined) return windDown(round, operation, operation.error);
  if (operation.cancelRequested || operation.phase === "Canceling") return windDown(round, operation, undefined);
  if (operation.control.pause !== undefined) return pauseOperation(round, operation, operation.control.pause);
  if (operation.phase === "Pausing" || operation.phase === "Paused") return resumeOperation(round, operation);
  const late = timeoutError(round, operation) ?? (operation.control.pending === undefined ? progressError(round, operation) : undefined);
  if (late !== undefined) return windDown(round, operation, late);
  switch (operation.phase) {
    case "Accepted":
      return advance(operation, { nodes: round.nodes.map(freshAttempts), intents: [], waits: [] }, "Validating");
    case "Validating":
      return advance(operation, stepNodes(round, operation.mode, false), "Preparing");
    case "Preparing":
      return advance(operation, stepNodes(round, operation.mode, false), "Rolling");
    case "Rolling":
      return roll(round, operation);
    case "Finishing":
      return finish(round, operation);
    case "RollingBack":
    case "Succeeded":
    case "Failed":
    case "Canceled":
      return advance(operation, stepNodes(round, operation.mode, false), operation.phase);
    default:
      return unreachable(operation.phase);
  }
}

function roll(round: Round, operation: Operation): Outcome {
  const window = closedWindow(round);
  const free = goBack(round, window === undefined);
  const isHeld = window !== undefined && (round.renews ? free.isOpen : hasNodesToDisable(free.nodes));
  const step = isHeld ? { ...free, waits: [...free.waits, window] } : free;
  return advance(operation, step, step.isOpen || step.intents.length > 0 ? "Rolling" : "Finishing");
}

/** Takes nodes back to where they were: to the bundle before, or to the stack. None is begun with unless `mayStart`. `isOpen`: some are not back yet. */
export function goBack(round: Round, mayStart: boolean): Pick<Outcome, "nodes" | "intents" | "waits"> & { readonly isOpen: boolean } {
  if (!round.renews) return letGo(round, mayStart);
  const stepped = stepNodes(round, "BpfVeth", mayStart);
  const installed = round.driver.install(round, stepped, "BpfVeth");
  const isOpen = installed.nodes.some((node) => node.seen.ineligible === undefined && !isSkipped(node.record) && !isReached(round, node));
  return { nodes: installed.nodes, intents: [...installed.intents, ...stepped.intents], waits: stepped.waits, isOpen };
}

/** Lets nodes go, a few at a time; none is begun with unless `mayStart`. `isOpen`: some are not back yet. */
function letGo(round: Round, mayStart: boolean): Pick<Outcome, "nodes" | "intents" | "waits"> & { readonly isOpen: boolean } {
  const stepped = stepNodes(round, "None", mayStart);
  const isOpen = stepped.nodes.some(({ record }) => record.phase !== "Disabled");
  if (!isOpen || round.driver.isInstalled(round)) return { ...stepped, isOpen };
  // Somebody removed the bundle while nodes still route by eBPF: only an agent can let go of them.
  const installed = round.driver.install(round, stepped, round.observed.config?.mode ?? "BpfVeth");
  return { ...stepped, nodes: installed.nodes, intents: [...installed.intents, ...stepped.intents], isOpen };
}

function finish(round: Round, operation: Operation): Outcome {
  const stepped = stepNodes(round, operation.mode, false);
  if (round.renews) return advance(operation, stepped, stepped.intents.length === 0 ? "Succeeded" : "Finishing");
  const removal = removeEverything(round);
  const step = { nodes: stepped.nodes, intents: [...stepped.intents, ...removal.intents], waits: [...stepped.waits, ...removal.waits] };
  return advance(operation, step, removal.isDone && stepped.intents.length === 0 ? "Succeeded" : "Finishing");
}
