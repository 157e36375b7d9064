import type { NodePhase, NodeRollout } from "@hostrouting/domain";

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

  /** @param maxUnavailable at least 1 is allowed, whatever the policy says: 0 would never end. */
  constructor(records: readonly NodeRollout[], maxUnavailable: number) {
    this.#limit = Math.max(1, Math.floor(maxUnavailable));
    this.#inFlight = records.filter((record) => isInFlight(record.phase)).length;
  }

  /** Takes a place for one node, or says why there is none. */
  take(): string | undefined {
    if (this.#inFlight >= this.#limit) return `${this.#inFlight} of at most ${this.#limit} nodes are being switched`;
    this.#inFlight += 1;
    return undefined;
  }
}
