import type { AnalysedNode, BenefitFigure, BenefitVerdict, ComparedSamples } from "@hostrouting/domain";
import { together } from "./judge.ts";
import { BENEFIT_FIGURES, type NodeView } from "./metrics.ts";

/** Fewer samples on either side say nothing: with six on each a difference in every one of them is 1 in 462 by chance. */
const SAMPLES_MIN = 6;
/** More are compared by their pairs, which grow by their product. */
const SAMPLES_MAX = 200;
/** Of the standard normal distribution, for an interval of 95 %. */
const Z_95 = 1.96;

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

type Samples = AnalysedNode["samples"];

/**
 * The samples with those of one measurement more. Only what was measured at the same time counts: one figure of before, taken again and again, would
 * look like many samples.
 */
export function withSamples(samples: Samples, view: NodeView, others: readonly NodeView[]): Samples {
  const next = BENEFIT_FIGURES.map(({ name, scale, read }) => {
    const [switched, compared] = [together([read(view)]), together(others.map(read))];
    const before = samples[name] ?? { switched: [], compared: [] };
    if (switched === undefined || compared === undefined) return [name, before] as const;
    const value = ({ events, per }: typeof switched): number => (events / per) * scale;
    return [name, { switched: [...before.switched, value(switched)], compared: [...before.compared, value(compared)] }] as const;
  });
  return Object.fromEntries(next);
}

/** What the switch brought, over all nodes that were analysed. Latency and throughput are not measured, so nothing is said of them. */
export function benefitOf(analysis: readonly AnalysedNode[]): readonly BenefitFigure[] {
  return BENEFIT_FIGURES.map(({ name, unit }) => {
    const all = analysis.flatMap(({ samples }) => samples[name] ?? []);
    return compareSamples(name, unit, {
      switched: all.flatMap(({ switched }) => switched),
      compared: all.flatMap(({ compared }) => compared),
    });
  });
}
