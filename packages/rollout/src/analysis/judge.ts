import type { AnalysisOutcome, RolloutPolicy } from "@hostrouting/domain";
import type { Metric, NodeView, Reading, ReadOutcome } from "./metrics.ts";

/** How much may go wrong; see the rollout policy. */
export type AnalysisLimits = Pick<
  RolloutPolicy,
  "analysisCount" | "analysisFailureLimit" | "analysisInconclusiveLimit" | "analysisConsecutiveErrorLimit"
>;

/** What one metric came to in one measurement, with a sentence where it did not do well. */
export type Measured = { readonly outcome: AnalysisOutcome; readonly message: string };

/** What several nodes show together; undefined when none of them shows anything. Sums, so that the order of nodes does not matter. Pure. */
export function together(readings: readonly ReadOutcome[]): Reading | undefined {
  const known = readings.filter((reading): reading is Reading => typeof reading !== "string");
  if (known.length === 0) return undefined;
  return known.reduce((sum, { events, per }) => ({ events: sum.events + events, per: sum.per + per }), { events: 0, per: 0 });
}

const rate = ({ events, per }: Reading): number => events / per;

function shown({ unit, scale }: Metric, reading: Reading): string {
  const value = Number((rate(reading) * scale).toPrecision(3));
  return unit === "share" ? `${Number((value * 100).toPrecision(3))} %` : `${value} ${unit}`;
}

/**
 * Judges one metric of one node. Undefined: it is not measured there. What is compared says nothing without anything to compare it with, however
 * good it looks. @param base what it is compared with
 */
export function judgeMetric(metric: Metric, view: NodeView, base: Reading | undefined): Measured | undefined {
  const reading = metric.read(view);
  if (reading === "NotMeasured") return undefined;
  if (reading === "Unknown") return { outcome: "Inconclusive", message: "It cannot be told." };
  if (metric.compare === "Absolute") {
    const isWell = rate(reading) <= metric.limit;
    return isWell ? well : failed(`${shown(metric, reading)}, and at most ${shown(metric, { events: metric.limit, per: 1 })} may be.`);
  }
  if (base === undefined) return { outcome: "Inconclusive", message: "There is nothing to compare it with." };
  const isFew = metric.compare === "RatioToControl" && reading.events <= (metric.tolerated ?? 0);
  const most = metric.compare === "RatioToControl" ? rate(base) * metric.limit : rate(base) + metric.limit;
  return isFew || rate(reading) <= most ? well : failed(`${shown(metric, reading)} against ${shown(metric, base)}.`);
}

const well: Measured = { outcome: "Successful", message: "" };
const failed = (message: string): Measured => ({ outcome: "Failed", message });

/** One letter for each measurement. */
const LETTERS: Readonly<Record<AnalysisOutcome, string>> = { Successful: "S", Failed: "F", Inconclusive: "I", Error: "E" };

/** The marks of a metric with one more. */
export function marked(marks: string | undefined, outcome: AnalysisOutcome): string {
  return `${marks ?? ""}${LETTERS[outcome]}`;
}

/** How many measurements had this outcome. */
export function countOf(marks: string, outcome: AnalysisOutcome): number {
  return marks.split(LETTERS[outcome]).length - 1;
}

/** What a metric's measurements come to: undefined while they go on and no limit is passed. At their end at least one must have been good. Pure. */
export function metricVerdict(marks: string, limits: AnalysisLimits, isOver: boolean): AnalysisOutcome | undefined {
  if (countOf(marks, "Failed") > limits.analysisFailureLimit) return "Failed";
  const errorsInARow = marks.length - marks.replace(/E+$/, "").length;
  if (errorsInARow > limits.analysisConsecutiveErrorLimit) return "Error";
  if (countOf(marks, "Inconclusive") > limits.analysisInconclusiveLimit) return "Inconclusive";
  if (!isOver) return undefined;
  if (countOf(marks, "Successful") > 0) return "Successful";
  return countOf(marks, "Failed") > 0 ? "Failed" : countOf(marks, "Error") > 0 ? "Error" : "Inconclusive";
}

/** The worst of some outcomes; undefined when there are none. */
export function worst(outcomes: readonly AnalysisOutcome[]): AnalysisOutcome | undefined {
  return (["Failed", "Error", "Inconclusive", "Successful"] as const).find((outcome) => outcomes.includes(outcome));
}

/** What all metrics of a node come to: undefined while it goes on. One that has passed its limit decides at once. Pure. */
export function nodeVerdict(marks: Readonly<Record<string, string>>, limits: AnalysisLimits): AnalysisOutcome | undefined {
  const measurements = marks[REPORT_METRIC]?.length ?? 0;
  const isOver = measurements >= limits.analysisCount;
  const verdicts = Object.values(marks).map((letters) => metricVerdict(letters, limits, isOver));
  const decided = verdicts.filter((verdict) => verdict !== undefined);
  return isOver ? (worst(decided) ?? "Inconclusive") : worst(decided.filter((verdict) => verdict !== "Successful"));
}

/** Whether there was a fresh report to measure by: every measurement has a mark of this one. */
export const REPORT_METRIC = "report";
