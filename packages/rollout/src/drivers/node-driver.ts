import type { NodeRollout } from "@hostrouting/domain";
import type { ConfigIntent, Intent } from "../intent.ts";
import type { Outcome, Round, RoundNode } from "../round.ts";
import type { ClusterSnapshot, NodeObservation, NodeReport, NodeSpec } from "../snapshot.ts";
import type { WaitDraft } from "../waits.ts";

/** What is done to take something out of a cluster, and whether nothing of it is left. */
export type Removal = { readonly intents: readonly Intent[]; readonly waits: readonly WaitDraft[]; readonly isDone: boolean };

/** Why a node that was asked for eBPF does not route by it. `byItself`: its kernel has gone back already, so there is nothing to take back. */
export type TakenBack = { readonly reason: string; readonly message: string; readonly byItself: boolean };

/**
 * How the nodes of a cluster are switched: what must be there first, what is written for a node, and what its agent's word proves. Everything else
 * (whose turn it is, budgets, gates, attempts, waits) is the engine's and the same for all. Data and pure functions.
 */
export type NodeDriver = {
  /** The agent that a node waits for, as messages call it. */
  readonly agent: string;
  /** Whether a switch must be confirmed because the kernel takes back what is not. */
  readonly confirms: boolean;
  /** Whether its agents tell if a node's own rules deny what the network policy denies. */
  readonly readsRules: boolean;
  /** The snapshot without what this driver does not do, so that nobody waits for it. */
  readonly fit: (snapshot: ClusterSnapshot) => ClusterSnapshot;
  /** What must be in the cluster before a node can be switched, beside what the round's steps ask for; nodes that were asked for something are left alone. */
  readonly install: (
    round: Round,
    stepped: Pick<Outcome, "nodes" | "intents">,
    mode: ConfigIntent["mode"],
  ) => { readonly nodes: readonly RoundNode[]; readonly intents: readonly Intent[] };
  /** Whether there is something that can let go of nodes. */
  readonly isInstalled: (round: Round) => boolean;
  /** What is put back because nodes are in flight that need it. */
  readonly replace: (round: Round, outcome: Pick<Outcome, "nodes" | "intents">) => readonly Intent[];
  /** Takes everything of its own out of the cluster. */
  readonly remove: (round: Round) => Removal;
  /** The writes that make the node follow `wanted`; none when nothing is left to write. An order of a later lease is left alone. */
  readonly order: (wanted: NodeSpec, seen: NodeObservation) => readonly Intent[];
  /** The write that says again what the node does already, after somebody deleted its object. */
  readonly restate: (wanted: NodeSpec, seen: NodeObservation) => Intent;
  /** Why a report does not prove that the node routes by eBPF, or nothing. */
  readonly whyNotVerified: (report: NodeReport, record: NodeRollout, bundleDigest: string) => string | undefined;
  /** Why a report of the switch that was ordered says that it is none, or nothing. */
  readonly takenBack: (report: NodeReport) => TakenBack | undefined;
};
