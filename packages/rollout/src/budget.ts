import { shareOf, type NodePhase, type NodeRollout, type Share } from "@hostrouting/domain";
import type { NodeObservation } from "./snapshot.ts";

/** Phases between claim and confirmation: a node in one of them may be disturbed by us. */
const IN_FLIGHT: ReadonlySet<NodePhase> = new Set([
  "Cordoning",
  "Draining",
  "Installing",
  "Switching",
  "Verifying",
  "Confirming",
  "Detaching",
]);

/** Whether a node in this phase counts against the budget. */
export function isInFlight(phase: NodePhase): boolean {
  return IN_FLIGHT.has(phase);
}

/**
 * The disruption budget of one round: how many nodes may be in flight at once. Taking is the only way to start a node, so that no order of
 * events can exceed it. Nodes that are in flight already count first, whatever started them.
 */
export class DisruptionBudget {
  readonly #limit: number;
  #inFlight: number;

  /** @param maxUnavailable of the eligible nodes; at least 1 is allowed, whatever the policy says: 0 would never end. */
  constructor(nodes: readonly { readonly record: NodeRollout; readonly seen: NodeObservation }[], maxUnavailable: Share) {
    const eligible = nodes.filter(({ seen }) => seen.ineligible === undefined).length;
    this.#limit = Math.max(1, shareOf(maxUnavailable, eligible, "Down"));
    this.#inFlight = nodes.filter(({ record }) => isInFlight(record.phase)).length;
  }

  /** Takes a place for one node, or says why there is none. */
  take(): string | undefined {
    if (this.#inFlight >= this.#limit) return `${this.#inFlight} of at most ${this.#limit} nodes are being switched`;
    this.#inFlight += 1;
    return undefined;
  }
}
