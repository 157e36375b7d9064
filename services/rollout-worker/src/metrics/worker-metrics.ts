import { isTerminal, type ClusterId, type HistoryEntry } from "@hostrouting/domain";
import type { Decision } from "@hostrouting/rollout";
import type { MetricFamily, MetricSample } from "@hostrouting/runtime";

/** How a round ended. Done: decided, recorded and applied. Yielded: somebody else holds the cluster, or it moved on. Faulted: the store was away. */
export type RoundOutcome = "Done" | "Yielded" | "Faulted";

/** History of the policy that is counted; all of its kinds. */
const POLICY_KINDS = ["PolicyDrifted", "PolicyCorrected", "PolicyContested"] as const;
const ROUND_OUTCOMES: readonly RoundOutcome[] = ["Done", "Yielded", "Faulted"];

/** One cluster in numbers: its status would be megabytes. */
type Picture = {
  readonly cluster: MetricSample;
  readonly operation: MetricSample | undefined;
  readonly waits: readonly MetricSample[];
  readonly nodes: readonly MetricSample[];
};

/**
 * What a worker knows of the clusters that it holds, as their last rounds decided it, and what it has counted since it began. Clusters have no names here: of any
 * number of them there are the same few series. Two workers' numbers add up, since a cluster is held by one.
 */
export class WorkerMetrics {
  readonly #pictures = new Map<ClusterId, Picture>();
  readonly #ended = new Map<string, MetricSample>();
  readonly #policy = new Map<string, number>(POLICY_KINDS.map((kind) => [kind, 0]));
  readonly #rounds = new Map<RoundOutcome, number>(ROUND_OUTCOMES.map((outcome) => [outcome, 0]));

  /** A decision was recorded. */
  decided(clusterId: ClusterId, { operation, status, history }: Pick<Decision, "operation" | "status" | "history">): void {
    this.#pictures.set(clusterId, pictureOf({ operation, status }));
    if (operation !== undefined && isTerminal(operation.phase)) this.#countEnd(operation.kind, operation.phase);
    for (const { kind } of history) this.#countPolicy(kind);
  }

  /** A round is over; of a cluster that it yielded somebody else tells. */
  roundEnded(clusterId: ClusterId, outcome: RoundOutcome): void {
    this.#rounds.set(outcome, (this.#rounds.get(outcome) ?? 0) + 1);
    if (outcome === "Yielded") this.forget(clusterId);
  }

  /** There is no such cluster any more. */
  forget(clusterId: ClusterId): void {
    this.#pictures.delete(clusterId);
  }

  /** Everything, as it is now; docs/metrics.md explains each, and a test compares the two. */
  families(): readonly MetricFamily[] {
    const pictures = [...this.#pictures.values()];
    return [
      gauge(
        "acns_hostrouting_clusters",
        "Clusters that this worker holds, by state and health.",
        summed(pictures.map(({ cluster }) => cluster)),
      ),
      gauge(
        "acns_hostrouting_operations",
        "Operations under way, by kind and phase.",
        summed(pictures.flatMap(({ operation }) => operation ?? [])),
      ),
      counter("acns_hostrouting_operations_ended_total", "Operations that ended, by kind and result.", [...this.#ended.values()]),
      gauge("acns_hostrouting_waits", "What does not move, by reason.", summed(pictures.flatMap(({ waits }) => waits))),
      gauge(
        "acns_hostrouting_nodes",
        "Nodes, by where they are in a rollout and what their kernel shows.",
        summed(pictures.flatMap(({ nodes }) => nodes)),
      ),
      counter("acns_hostrouting_policy_changes_total", "What became of the network policy.", samples(this.#policy, "kind")),
      counter("acns_hostrouting_rounds_total", "Rounds, by how they ended.", samples(this.#rounds, "outcome")),
    ];
  }

  #countEnd(kind: string, result: string): void {
    const key = `${kind} ${result}`;
    this.#ended.set(key, { labels: { kind, result }, value: (this.#ended.get(key)?.value ?? 0) + 1 });
  }

  #countPolicy(kind: HistoryEntry["kind"]): void {
    const before = this.#policy.get(kind);
    if (before !== undefined) this.#policy.set(kind, before + 1);
  }
}

const gauge = (name: string, help: string, list: readonly MetricSample[]): MetricFamily => ({ name, help, type: "gauge", samples: list });
const counter = (name: string, help: string, list: readonly MetricSample[]): MetricFamily => ({
  name,
  help,
  type: "counter",
  samples: list,
});

function pictureOf({ operation, status }: Pick<Decision, "operation" | "status">): Picture {
  const isRunning = operation !== undefined && !isTerminal(operation.phase);
  return {
    cluster: { labels: { state: status.state, health: status.health }, value: 1 },
    operation: isRunning ? { labels: { kind: operation.kind, phase: operation.phase }, value: 1 } : undefined,
    waits: summed(status.waits.map(({ reason }) => ({ labels: { reason }, value: 1 }))),
    nodes: summed(status.nodes.map(({ phase, effectiveMode: mode }) => ({ labels: { phase, mode }, value: 1 }))),
  };
}

/** Those with the same labels together. */
function summed(all: readonly MetricSample[]): readonly MetricSample[] {
  const sums = new Map<string, MetricSample>();
  for (const sample of all) {
    const key = JSON.stringify(sample.labels);
    sums.set(key, { ...sample, value: sample.value + (sums.get(key)?.value ?? 0) });
  }
  return [...sums.values()];
}

function samples(counts: ReadonlyMap<string, number>, label: string): readonly MetricSample[] {
  return [...counts].map(([name, value]) => ({ labels: { [label]: name }, value }));
}
