import type { ArmComponents } from "@hostrouting/contracts";

type Usage = ArmComponents["schemas"]["HostRoutingUsage"];

const PLACES = 3;

/** A line for each day and pool, and the sum. A currency is shown where there is a price. */
export function usageLines(usage: readonly Usage[]): string[] {
  if (usage.length === 0) return ["No node was enabled on these days."];
  const currency = usage[0]?.cost?.currency;
  const hours = usage.reduce((total, { nodeHours }) => total + nodeHours, 0);
  const amount = usage.reduce((total, { cost }) => total + (cost?.amount ?? 0), 0);
  const width = Math.max(...usage.map(({ pool }) => pool.length), "POOL".length);
  const line = (day: string, pool: string, rest: string): string =>
    `${day.padEnd("YYYY-MM-DD".length)}  ${pool.padEnd(width)}  ${rest}`.trimEnd();
  const money = (value: number): string => (currency === undefined ? "" : `  ${value.toFixed(PLACES)} ${currency}`);
  return [
    line("DAY", "POOL", "NODE-HOURS"),
    ...usage.map(({ day, pool, nodeHours, correctionHours, isComplete, cost }) => {
      const corrected = correctionHours === undefined ? "" : `  (${(-correctionHours).toFixed(PLACES)} taken back)`;
      return line(day, pool, `${nodeHours.toFixed(PLACES)}${money(cost?.amount ?? 0)}${corrected}${isComplete ? "" : "  so far"}`);
    }),
    line("SUM", "", `${hours.toFixed(PLACES)}${money(amount)}`),
  ];
}
