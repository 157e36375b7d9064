import type { AnalysisSample, ComparedFigures } from "@hostrouting/domain";
import type { NodeReport } from "../snapshot.ts";

/** One node at one measurement. `now`, `last` (the measurement before) and `first` are absent where its agent did not tell. */
export type NodeView = {
  readonly isReady: boolean;
  readonly report: NodeReport | undefined;
  readonly now: AnalysisSample | undefined;
  readonly last: AnalysisSample | undefined;
  readonly first: AnalysisSample | undefined;
};

/** So many events in so much of something: packets, milliseconds, nodes. Whole numbers where they are summed over nodes, so that no order matters. */
export type Reading = { readonly events: number; readonly per: number };

/** NotMeasured: nobody asks this of the node, or its agent has no such figure. Unknown: it was asked, and cannot be told. */
export type ReadOutcome = Reading | "NotMeasured" | "Unknown";

/**
 * What is judged of a node, as data. What is read (`events` ÷ `per`) must not be above: `limit` itself (Absolute); `limit` above what the nodes have that it
 * is compared with (DeltaToControl); `limit` times as much (RatioToControl), and there so few events as `tolerated` say nothing.
 */
export type Metric = {
  readonly name: string;
  readonly compare: "Absolute" | "DeltaToControl" | "RatioToControl";
  readonly limit: number;
  readonly tolerated?: number;
  readonly unit: "share" | "per second" | "cores" | "MiB" | "nodes";
  /** What one of `per` is in the unit. */
  readonly scale: number;
  readonly read: (view: NodeView) => ReadOutcome;
};

const PER_SECOND = 1000;
const MIB = 1024 * 1024;
/** Connections end and segments are lost on every node now and then; fewer in one measurement say nothing. */
const TOLERATED_EVENTS = 3;
const TOLERATED_SEGMENTS = 10;

/** Names of probes, as agents give them. */
const DENIED_PROBES = ["wireserver-80", "wireserver-32526", "metadata-80"] as const;

type Probe = NodeReport["probes"][number];

/** The share of some probes that failed; one that is not known makes the whole unknown. */
function failedProbes(names: readonly string[]): Metric["read"] {
  return ({ report }) => {
    const found = (report?.probes ?? []).filter((probe: Probe) => names.includes(probe.name));
    if (found.length === 0) return "NotMeasured";
    const failed = found.filter(({ outcome }) => outcome === "Failed").length;
    if (failed === 0 && found.some(({ outcome }) => outcome === "Unknown")) return "Unknown";
    return { events: failed, per: found.length };
  };
}

/** What a counter grew by, over time or over another counter. An agent that began anew counts from 0 again: then nothing can be told. */
function growth(
  of: (figures: ComparedFigures) => number | undefined,
  over?: (figures: ComparedFigures) => number | undefined,
): Metric["read"] {
  return ({ now, last }) => {
    const value = now && of(now.figures);
    if (now === undefined || value === undefined) return "NotMeasured";
    const before = last && of(last.figures);
    if (last === undefined || before === undefined || last.figures.sinceMs !== now.figures.sinceMs) return "Unknown";
    const per = over ? (over(now.figures) ?? 0) - (over(last.figures) ?? 0) : now.atMs - last.atMs;
    const events = value - before;
    if (events < 0 || per < 0 || (per === 0 && (over === undefined || events > 0))) return "Unknown";
    return { events, per: Math.max(1, per) };
  };
}

/** What is only compared, never judged: what a switch is for. Less is better. */
export const BENEFIT_FIGURES: readonly {
  readonly name: string;
  readonly unit: string;
  readonly scale: number;
  readonly read: Metric["read"];
}[] = [
  {
    name: "softirq-share",
    unit: "share of processor time",
    scale: 1,
    read: growth(
      ({ cpu }) => cpu?.softirq,
      ({ cpu }) => cpu?.total,
    ),
  },
  { name: "tcp-resets", unit: "per second", scale: PER_SECOND, read: growth(({ tcp }) => tcp?.resets) },
  {
    name: "tcp-retransmissions",
    unit: "share of segments",
    scale: 1,
    read: growth(
      ({ tcp }) => tcp?.retransmitted,
      ({ tcp }) => tcp?.segments,
    ),
  },
];

/** A figure that is a share by itself. */
function fill(of: (figures: ComparedFigures) => number | undefined): Metric["read"] {
  return ({ now }) => {
    const value = now && of(now.figures);
    return value === undefined ? "NotMeasured" : { events: value, per: 1 };
  };
}

function conntrackFull({ conntrack }: ComparedFigures): number | undefined {
  return conntrack === undefined || conntrack.max === 0 ? undefined : conntrack.entries / conntrack.max;
}

function effectiveMode({ report }: NodeView): ReadOutcome {
  if (report === undefined || report.effectiveMode === "Unknown") return "Unknown";
  return { events: report.effectiveMode === "BpfVeth" ? 0 : 1, per: 1 };
}

function podsNotReady({ now, first }: NodeView): ReadOutcome {
  const pods = now?.figures.pods;
  if (pods === undefined) return "NotMeasured";
  const before = first?.figures.pods;
  return before === undefined ? "Unknown" : { events: Math.max(0, pods.notReady - before.notReady), per: Math.max(1, pods.running) };
}

function routingRules({ now, first }: NodeView): ReadOutcome {
  const rules = now?.figures.routing;
  if (rules === undefined) return "NotMeasured";
  const before = first?.figures.routing;
  return before === undefined ? "Unknown" : { events: rules === before ? 0 : 1, per: 1 };
}

const absolute = { compare: "Absolute", limit: 0, unit: "share", scale: 1 } as const;
const noMore = { compare: "DeltaToControl", limit: 0, unit: "share", scale: 1 } as const;
const notMuchMore = { compare: "RatioToControl", limit: 1.5, tolerated: TOLERATED_EVENTS, unit: "per second", scale: PER_SECOND } as const;

/** Everything that is judged of a switched node. docs/analysis.md explains each, and what is not measured. */
export const METRICS: readonly Metric[] = [
  { ...absolute, name: "effective-mode", unit: "nodes", read: effectiveMode },
  { ...absolute, name: "self-test", read: failedProbes(["self-test"]) },
  { ...absolute, name: "azure-destinations-denied", read: failedProbes(DENIED_PROBES) },
  { ...absolute, name: "name-service", read: failedProbes(["wireserver-dns"]) },
  { ...absolute, name: "pod-to-api-server", read: failedProbes(["control"]) },
  { ...noMore, name: "node-not-ready", unit: "nodes", read: ({ isReady }) => ({ events: isReady ? 0 : 1, per: 1 }) },
  { ...noMore, name: "pods-not-ready", read: podsNotReady },
  { ...notMuchMore, name: "tcp-resets", read: growth(({ tcp }) => tcp?.resets) },
  {
    ...notMuchMore,
    name: "tcp-retransmissions",
    tolerated: TOLERATED_SEGMENTS,
    unit: "share",
    scale: 1,
    read: growth(
      ({ tcp }) => tcp?.retransmitted,
      ({ tcp }) => tcp?.segments,
    ),
  },
  { ...notMuchMore, name: "no-route", read: growth(({ noRoute }) => noRoute) },
  { ...notMuchMore, name: "conntrack-drops", read: growth(({ conntrack }) => conntrack?.dropped) },
  { ...absolute, name: "conntrack-full", limit: 0.8, read: fill(conntrackFull) },
  { ...absolute, name: "nat-full", limit: 0.8, read: fill(({ natFull }) => natFull) },
  { ...absolute, name: "agent-cpu", limit: 0.1, unit: "cores", read: growth(({ agent }) => agent?.cpuMs) },
  { ...absolute, name: "agent-memory", limit: 128 * MIB, unit: "MiB", scale: 1 / MIB, read: fill(({ agent }) => agent?.memoryBytes) },
  { ...absolute, name: "routing-rules", unit: "nodes", read: routingRules },
];

/** What stands for the kubelet's probes: asked for wherever preflight says that they must be watched (PF-022). */
export const KUBELET_PROBE_METRICS: ReadonlySet<string> = new Set(["node-not-ready", "pods-not-ready"]);
