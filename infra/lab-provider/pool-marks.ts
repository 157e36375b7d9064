import type { LabPool } from "../lab/lab-plan.ts";

/** A taint, as a Node object has it. */
export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

/** What a pool puts on each of its nodes. */
export interface PoolMarks {
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
}

/** A Node object, as far as a pool's marks are concerned. */
export interface MarkedNode {
  readonly metadata: {
    readonly name: string;
    readonly resourceVersion: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: { readonly taints?: readonly Taint[] };
}

/** Which labels and taints are the pool's, so that those that it has no more are taken away, and nobody else's. */
const ANNOTATION = "acns-hostrouting.lab/pool-marks";
const TAINT = /^([^=:]+)(?:=([^:]*))?:(NoSchedule|PreferNoSchedule|NoExecute)$/;

/** Reads `nodeLabels` and `nodeTaints` of an ARM pool. Pure. @returns the first taint that cannot be read instead */
export function readMarks(
  pool: Pick<LabPool, "mode">,
  given: Readonly<Record<string, unknown>>,
): PoolMarks | { readonly unreadable: string } {
  const { nodeLabels, nodeTaints } = given;
  const own = typeof nodeLabels === "object" && nodeLabels !== null ? (nodeLabels as Record<string, unknown>) : {};
  const labels = Object.fromEntries(Object.entries(own).map(([key, value]) => [key, String(value)]));
  const taints: Taint[] = [];
  for (const text of Array.isArray(nodeTaints) ? nodeTaints.map(String) : []) {
    const [, key, value, effect] = TAINT.exec(text) ?? [];
    if (key === undefined || effect === undefined) return { unreadable: text };
    taints.push({ key, ...(value !== undefined && value !== "" && { value }), effect });
  }
  return { labels: { ...labels, "kubernetes.azure.com/mode": pool.mode.toLowerCase() }, taints };
}

/** The merge patch that gives a node its pool's marks; nothing when it has them. A node that was written meanwhile refuses it. Pure. */
export function marksPatch({ metadata, spec }: MarkedNode, marks: PoolMarks): unknown {
  const remembered = metadata.annotations?.[ANNOTATION];
  const before = (remembered === undefined ? { labels: [], taints: [] } : JSON.parse(remembered)) as { labels: string[]; taints: string[] };
  const now = { labels: Object.keys(marks.labels).sort(), taints: marks.taints.map(idOf).sort() };
  const gone = before.labels.filter((key) => !(key in marks.labels));
  const others = (spec.taints ?? []).filter((taint) => !before.taints.includes(idOf(taint)) && !now.taints.includes(idOf(taint)));
  const text = JSON.stringify(now);
  const hasLabels = Object.entries(marks.labels).every(([key, value]) => metadata.labels?.[key] === value);
  const hasTaints = marks.taints.every((taint) => spec.taints?.some((one) => idOf(one) === idOf(taint) && one.value === taint.value));
  if (remembered === text && hasLabels && hasTaints) return undefined;
  return {
    metadata: {
      resourceVersion: metadata.resourceVersion,
      labels: { ...marks.labels, ...Object.fromEntries(gone.map((key) => [key, null])) },
      annotations: { [ANNOTATION]: text },
    },
    spec: { taints: [...others, ...marks.taints] },
  };
}

/** Kubernetes tells taints apart by both. */
function idOf({ key, effect }: Taint): string {
  return `${key}:${effect}`;
}
