import { shareOf, type AccelerationMode, type NodePhase, type NodeRollout, type Share } from "@hostrouting/domain";
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
 * Whether the node goes on by itself: it is in flight, or soaks. One that is to be switched off soaks no longer: it stands still, at a safe point,
 * until its turn comes.
 */
export function isMoving({ phase }: NodeRollout, goal: AccelerationMode): boolean {
  return isInFlight(phase) || (phase === "Soaking" && goal === "BpfVeth");
}

/** A node with its record. */
type Counted = { readonly record: NodeRollout; readonly seen: NodeObservation };

/**
 * The disruption budget of one round: how many nodes may be in flight at once. Taking is the only way to start a node, so that no order of
 * events can exceed it. Nodes that are in flight already count first, whatever started them. Of a system pool one node at once, and of no
 * pool nodes of two zones at once: what runs in two zones is meant to outlive one.
 */
export class DisruptionBudget {
  readonly #limit: number;
  readonly #inFlight: NodeObservation[];

  /** @param maxUnavailable of the eligible nodes; at least 1 is allowed, whatever the policy says: 0 would never end. */
  constructor(nodes: readonly Counted[], maxUnavailable: Share) {
    const eligible = nodes.filter(({ seen }) => seen.ineligible === undefined).length;
    this.#limit = Math.max(1, shareOf(maxUnavailable, eligible, "Down"));
    this.#inFlight = nodes.filter(({ record }) => isInFlight(record.phase)).map(({ seen }) => seen);
  }

  /** Takes a place for a node, or says why there is none. */
  take(node: NodeObservation): string | undefined {
    const { length } = this.#inFlight;
    if (length >= this.#limit) return `${length} of at most ${this.#limit} nodes are being switched`;
    const besides = this.#inFlight.filter(({ pool }) => pool === node.pool);
    if (node.isSystem && besides.length > 0) return `another node of the system pool ${node.pool} is being switched`;
    const elsewhere = besides.find(({ zone }) => zone !== node.zone);
    if (elsewhere !== undefined) return `nodes of pool ${node.pool} in zone ${elsewhere.zone || "none"} are being switched`;
    this.#inFlight.push(node);
    return undefined;
  }
}
