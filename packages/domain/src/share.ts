/** Some of a number of nodes: a count, or whole percent of them as text: `10%`. */
export type Share = number | `${number}%`;

/** The percentage of a share that is one, or nothing: `10%` → 10. Whole numbers without a sign only. Pure. */
export function percentOf(share: unknown): number | undefined {
  const match = typeof share === "string" ? /^(0|[1-9]\d{0,2})%$/.exec(share) : null;
  return match === null ? undefined : Number(match[1]);
}

/** How many of `total` a share is; of a percentage that is no whole number of nodes `round` decides. Pure. */
export function shareOf(share: Share, total: number, round: "Down" | "Up"): number {
  const percent = percentOf(share);
  if (percent === undefined) return Number(share);
  const exact = (percent * total) / 100;
  return round === "Down" ? Math.floor(exact) : Math.ceil(exact);
}
