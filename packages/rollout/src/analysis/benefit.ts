import type { AnalysedNode, BenefitFigure, BenefitVerdict } from "@hostrouting/domain";

/** Fewer samples on either side say nothing: with six on each a difference in every one of them is 1 in 462 by chance. */
const SAMPLES_MIN = 6;
/** More are compared by their pairs, which grow by their product. */
const SAMPLES_MAX = 200;
/** Of the standard normal distribution, for an interval of 95 %. */
const Z_95 = 1.96;

/** A figure of which less is better, measured on switched nodes and on those that they are compared with. */
export type ComparedSamples = { readonly switched: readonly number[]; readonly compared: readonly number[] };

/**
 * Compares two sets of samples by ranks (Mann–Whitney): the median of all differences between pairs (Hodges–Lehmann) and its 95 % interval. Nothing is
 * assumed of how the figures spread, and one outlier moves nothing. A gain is told only where the whole interval lies on one side of 0. Pure.
 */
export function compareSamples(name: string, unit: string, { switched, compared }: ComparedSamples): BenefitFigure {
  const [a, b] = [switched.slice(-SAMPLES_MAX), compared.slice(-SAMPLES_MAX)];
  const counts = { name, unit, switchedSamples: a.length, comparedSamples: b.length };
  if (a.length < SAMPLES_MIN || b.length < SAMPLES_MIN) return { ...counts, verdict: "NotEnoughSamples" };
  const differences = a.flatMap((x) => b.map((y) => x - y)).sort((x, y) => x - y);
  const pairs = differences.length;
  const spread = Z_95 * Math.sqrt((pairs * (a.length + b.length + 1)) / 12);
  const at = Math.max(0, Math.floor(pairs / 2 - spread));
  const [low = 0, high = 0] = [differences[at], differences[pairs - 1 - at]];
  const middle = ((differences[Math.floor((pairs - 1) / 2)] ?? 0) + (differences[Math.floor(pairs / 2)] ?? 0)) / 2;
  return { ...counts, verdict: verdictOf(low, high), difference: middle, low, high };
}

function verdictOf(low: number, high: number): BenefitVerdict {
  if (high < 0) return "Better";
  return low > 0 ? "Worse" : "NoMeasurableGain";
}

/** What the switch brought, over all nodes that were analysed. Latency and throughput are not measured, so nothing is said of them. */
export function benefitOf(analysis: readonly AnalysedNode[]): readonly BenefitFigure[] {
  const switched = analysis.flatMap(({ softirq }) => softirq.switched);
  const compared = analysis.flatMap(({ softirq }) => softirq.compared);
  return [compareSamples("softirq-share", "share of processor time", { switched, compared })];
}
