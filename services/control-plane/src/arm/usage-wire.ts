import type { DailyUsage, Instant } from "@hostrouting/domain";
import type { NodeHourPrice } from "../node-hour-price.ts";
import { ArmError } from "./arm-error.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A leap year. */
const DAYS_MAX = 366;
/** Hours to a millionth: four milliseconds. */
const HOUR_PARTS = 1e6;

/** UTC days, `YYYY-MM-DD`, both included. */
export type UsageRange = { readonly from: string; readonly to: string };

const dayOf = (at: number): string => new Date(at).toISOString().slice(0, "YYYY-MM-DD".length);

function readDay(value: unknown, target: string): string | undefined {
  if (value === undefined || value === "") return undefined;
  // Date.parse takes 30 February for a day of March, and the year 0, which Postgres does not know.
  const isDay =
    typeof value === "string" &&
    /^(?!0000)\d{4}-\d\d-\d\d$/.test(value) &&
    !Number.isNaN(Date.parse(value)) &&
    dayOf(Date.parse(value)) === value;
  if (isDay) return value;
  throw new ArmError(400, { code: "InvalidParameter", message: `${target} must be a UTC day as YYYY-MM-DD.`, target });
}

/**
 * The days that are asked for; this month until today when nothing is said.
 * @throws ArmError 400 for what is no day, and for ranges that are empty or longer than 366 days.
 */
export function readUsageRange(query: Readonly<Record<string, unknown>>, now: Instant): UsageRange {
  const to = readDay(query["to"], "to") ?? dayOf(now);
  const from = readDay(query["from"], "from") ?? `${to.slice(0, "YYYY-MM".length)}-01`;
  const days = 1 + (Date.parse(to) - Date.parse(from)) / DAY_MS;
  if (days >= 1 && days <= DAYS_MAX) return { from, to };
  throw new ArmError(400, {
    code: "InvalidParameter",
    message: `From ${from} to ${to} must be 1 to ${DAYS_MAX} days.`,
    target: "from",
  });
}

/** One entry of the list. `now` is the time until which it was counted. */
export function toUsage(
  { day, pool, ms, correctionsMs }: DailyUsage,
  now: Instant,
  price: NodeHourPrice | undefined,
): Readonly<Record<string, unknown>> {
  const nodeHours = rounded(ms / HOUR_MS);
  return {
    day,
    pool,
    nodeHours,
    ...(correctionsMs < 0 && { correctionHours: rounded(correctionsMs / HOUR_MS) }),
    isComplete: day < dayOf(now),
    ...(price && { cost: { amount: rounded(nodeHours * price.amount), currency: price.currency } }),
  };
}

function rounded(hours: number): number {
  return Math.round(hours * HOUR_PARTS) / HOUR_PARTS;
}
