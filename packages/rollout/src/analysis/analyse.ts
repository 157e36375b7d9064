import {
  as,
  type AnalysedNode,
  type AnalysisOutcome,
  type AnalysisSample,
  type Instant,
  type Operation,
  type OperationPause,
} from "@hostrouting/domain";
import { currentReport, nextGeneration } from "../agent-report.ts";
import { enter } from "../node-step.ts";
import type { Round, RoundNode } from "../round.ts";
import { CLUSTER, type WaitDraft } from "../waits.ts";
import { controlsOf } from "./control.ts";
import { judgeMetric, marked, nodeVerdict, REPORT_METRIC, together, worst, type Measured } from "./judge.ts";
import { METRICS, type NodeView } from "./metrics.ts";
import { withSamples } from "./benefit.ts";
import { analysisWish, type AnalysisWish } from "./analysis-wish.ts";
import { sampleOf, viewBefore } from "./sample.ts";

/** The canaries' stage; see the stage gate. */
const CANARIES = 0;

/** Nodes that have failed or left, and are still shown. */
const PAST_NODES_MAX = 20;

/** An operation with its analysis gone on, and the nodes as they are by it. */
export type Analysed = { readonly operation: Operation; readonly round: Round; readonly pause: OperationPause | undefined };

const isCanary = ({ record }: RoundNode): boolean => record.stage === CANARIES && record.phase === "Enabled";
const isOf =
  ({ record }: RoundNode) =>
  ({ uid, generation }: AnalysedNode): boolean =>
    uid === record.uid && generation === record.switchGeneration;

/**
 * Goes on with the analysis of the canary nodes that are enabled: each is measured at its times against nodes of its kind that are not switched, or
 * against itself before the switch. Level-triggered: what was measured stands in the operation, and a measurement that is late is made late. Nodes that
 * do worse go back to the stack and have failed; what could not be told pauses the operation, once.
 */
export function analyse(round: Round, operation: Operation): Analysed {
  const wish = analysisWish(round.snapshot);
  if (wish === undefined) return { operation, round, pause: undefined };
  const before = operation.control.analysis ?? [];
  const after = round.nodes.filter(isCanary).map((node) => {
    const known = before.find(isOf(node)) ?? begun(node, round.now);
    return known.verdict === undefined ? lookedAt(known, node, { round, wish }) : known;
  });
  const uids = new Set(after.map(({ uid }) => uid));
  const analysis = [...before.filter(({ uid }) => !uids.has(uid)).slice(-PAST_NODES_MAX), ...after];
  const news = after.filter((each) => each.verdict !== undefined && before.find(({ uid }) => uid === each.uid)?.verdict !== each.verdict);
  const analysed = { ...operation, control: { ...operation.control, analysis } };
  // Who is compared from now on is asked for more reports in this very round.
  const on = { ...round, snapshot: { ...round.snapshot, operation: analysed } };
  if (!wish.isEnforced) return { operation: analysed, round: on, pause: undefined };
  const nodes = round.nodes.map((node) => {
    const failure = news.find((each) => each.verdict === "Failed" && isOf(node)(each));
    return failure === undefined ? node : { ...node, record: failedNode(node, failure, round) };
  });
  return { operation: analysed, round: { ...on, nodes }, pause: pauseFor(news) };
}

/** Why the canaries' stage is not over yet: a canary node has no verdict. Nothing where nobody waits for one. */
export function analysisWait(round: Round, operation: Operation): WaitDraft | undefined {
  const wish = analysisWish(round.snapshot);
  if (wish === undefined || !wish.isEnforced) return undefined;
  const analysis = operation.control.analysis ?? [];
  const running = round.nodes.filter((node) => isCanary(node) && analysis.find(isOf(node))?.verdict === undefined);
  if (running.length === 0) return undefined;
  const since = running.map((node) => analysis.find(isOf(node))?.since ?? round.now);
  const until = as<Instant>(Math.max(...since) + durationMs(wish));
  const names = running.map(({ record }) => record.node).join(", ");
  return { reason: "AnalysisRunning", subject: CLUSTER, message: `Compared with other nodes: ${names}.`, until };
}

function durationMs({ initialDelayMs, intervalMs, limits }: AnalysisWish): number {
  return initialDelayMs + limits.analysisCount * intervalMs;
}

function begun({ record }: RoundNode, now: Instant): AnalysedNode {
  return {
    uid: record.uid,
    node: record.node,
    generation: record.switchGeneration,
    since: now,
    control: {},
    comparedTo: "Nothing",
    marks: {},
    remarks: {},
    samples: {},
  };
}

type Looking = { readonly round: Round; readonly wish: AnalysisWish };

/** The node after a look, if it is time for one: the first only takes the samples from which differences count. */
function lookedAt(known: AnalysedNode, node: RoundNode, looking: Looking): AnalysedNode {
  const { round, wish } = looking;
  const due = known.lookedAt === undefined ? known.since + wish.initialDelayMs : known.lookedAt + wish.intervalMs;
  if (round.now < due) return known;
  const now = sampleOf(node.seen);
  const controls = controlsOf(round, node);
  const control = Object.fromEntries(controls.flatMap(({ seen }) => [[seen.uid as string, sampleOf(seen)] as const]).filter(isSample));
  const next = { ...known, lookedAt: round.now, control, last: now ?? known.last, first: known.first ?? node.record.figuresBefore ?? now };
  return known.lookedAt === undefined ? next : measured(next, { known, node, controls, looking });
}

function isSample(entry: readonly [string, AnalysisSample | undefined]): entry is readonly [string, AnalysisSample] {
  return entry[1] !== undefined;
}

type Measurement = {
  readonly known: AnalysedNode;
  readonly node: RoundNode;
  readonly controls: readonly RoundNode[];
  readonly looking: Looking;
};

function measured(next: AnalysedNode, { known, node, controls, looking: { wish } }: Measurement): AnalysedNode {
  const view = viewOf(node, known.last, next.first);
  const isFresh = view.now !== undefined && view.now.atMs > (known.last?.atMs ?? 0);
  const report: Measured = isFresh ? { outcome: "Successful", message: "" } : { outcome: "Error", message: whyNothingNew(view) };
  const others = controls.map(({ seen, record }) => viewOf({ seen, record }, known.control[seen.uid], known.control[seen.uid]));
  const before = viewBefore(node.record.figuresBefore);
  const judged = new Map<string, Measured>([[REPORT_METRIC, report]]);
  for (const metric of METRICS.filter(({ name }) => isFresh && (wish.measured?.has(name) ?? true))) {
    const base =
      metric.compare === "Absolute" ? undefined : (together(others.map(metric.read)) ?? (before && together([metric.read(before)])));
    const found = judgeMetric(metric, view, base);
    if (found !== undefined) judged.set(metric.name, found);
    else if (wish.required.has(metric.name))
      judged.set(metric.name, { outcome: "Inconclusive", message: "The node's agent does not tell." });
  }
  const marks = {
    ...next.marks,
    ...Object.fromEntries([...judged].map(([name, { outcome }]) => [name, marked(next.marks[name], outcome)])),
  };
  const remarks = [...judged].flatMap(([name, { message }]) => (message === "" ? [] : [[name, message] as const]));
  return {
    ...next,
    marks,
    remarks: { ...next.remarks, ...Object.fromEntries(remarks) },
    comparedTo: others.some(({ now, last }) => now !== undefined && last !== undefined) ? "Control" : before ? "Before" : "Nothing",
    samples: isFresh ? withSamples(next.samples, view, others) : next.samples,
    verdict: nodeVerdict(marks, wish.limits),
  };
}

function whyNothingNew({ report, now }: NodeView): string {
  if (report === undefined || now !== undefined) return "The node's agent has told nothing new.";
  return "The node's agent tells no figures: it, or the definition of HostRoutingNode in the cluster, may be of an earlier version.";
}

function viewOf({ seen }: RoundNode, last: AnalysisSample | undefined, first: AnalysisSample | undefined): NodeView {
  return { isReady: seen.ready, report: currentReport(seen), now: sampleOf(seen), last, first };
}

/** On its way back to the stack, and not tried again: other nodes of its kind would do no better. */
function failedNode({ record, seen }: RoundNode, failure: AnalysedNode, { snapshot, now }: Round): RoundNode["record"] {
  const problem = { reason: "AnalysisFailed", message: remarksOf(failure) };
  const attempt = Math.max(record.attempt, snapshot.policy.attemptsMax);
  return enter({ ...record, attempt, switchGeneration: nextGeneration(record, seen), problem }, "Detaching", now);
}

function pauseFor(news: readonly AnalysedNode[]): OperationPause | undefined {
  const untold = news.filter(({ verdict }) => verdict === "Inconclusive" || verdict === "Error");
  const verdict: AnalysisOutcome | undefined = worst(untold.flatMap((each) => each.verdict ?? []));
  if (verdict === undefined) return undefined;
  const message = `Nobody can tell how these nodes do: ${untold.map((each) => `${each.node} (${remarksOf(each)})`).join(", ")}`;
  return { reason: verdict === "Error" ? "AnalysisError" : "AnalysisInconclusive", message, by: "" };
}

/** What is said of the metrics that decided. */
function remarksOf({ marks, remarks, verdict }: AnalysedNode): string {
  const letter = (verdict ?? "").slice(0, 1);
  const said = Object.entries(remarks).filter(([name]) => marks[name]?.includes(letter));
  return said.map(([name, message]) => `${name}: ${message}`).join(" ");
}
