/** Median and quartiles, in the values' unit. */
export type Spread = { median: number; low: number; high: number };

/** One round of one kind of traffic on one path: rates of its variants, and of the limit before and after them. */
export type Sample = { limitBefore: number; limitAfter: number; rates: Readonly<Record<string, number>> };

/** What is compared: a variant, or the limit itself. */
export const LIMIT = "limit";

/** A round in which the limit moved further says more about the machine than about the variants. */
const LIMIT_MOVE_MAX = 0.05;

/** @throws RangeError without values. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError("there is nothing to take the median of");
  const sorted = values.toSorted((a, b) => a - b);
  return { median: quantile(sorted, 0.5), low: quantile(sorted, 0.25), high: quantile(sorted, 0.75) };
}

/** Whether the limit stayed where it was, within 5 %. */
export function isSteady({ limitBefore, limitAfter }: Sample): boolean {
  return Math.abs(limitAfter - limitBefore) <= LIMIT_MOVE_MAX * Math.max(limitAfter, limitBefore);
}

/** Ratio of two variants, taken within each round: what disturbs both goes out. Undefined when no round has both. */
export function pairedRatio(samples: readonly Sample[], numerator: string, denominator: string): Spread | undefined {
  const ratios = samples.flatMap((sample) => {
    const [top, bottom] = [rateOf(sample, numerator), rateOf(sample, denominator)];
    return top !== undefined && bottom !== undefined && bottom > 0 ? [top / bottom] : [];
  });
  return ratios.length === 0 ? undefined : spreadOf(ratios);
}

function rateOf(sample: Sample, variant: string): number | undefined {
  return variant === LIMIT ? (sample.limitBefore + sample.limitAfter) / 2 : sample.rates[variant];
}

/** Between neighbours by their distance, as most programs do. */
function quantile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}
