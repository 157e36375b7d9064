/** A date-time of RFC 3339, whose offset is never left out. */
const DATE_TIME = /^(\d{4})-(\d{2})-(\d{2})T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

/** Milliseconds since 1970; NaN for what is no date-time, or one on a day that its month has not. Pure. */
export function timeOf(text: string): number {
  const parts = DATE_TIME.exec(text);
  if (parts === null) return Number.NaN;
  const [year, month, day] = parts.slice(1).map(Number) as [number, number, number];
  const isDay = new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day;
  return isDay ? Date.parse(text) : Number.NaN;
}

/** A day of the calendar, in a year that anybody plans for. */
const DATE = /^2[01]\d{2}-\d{2}-\d{2}$/;

/** Why something is no day of the calendar (`YYYY-MM-DD`, from 2000 to 2199), or nothing. Pure. */
export function whyNotDate(value: unknown): string | undefined {
  if (typeof value !== "string" || !DATE.test(value)) return "must be a date, YYYY-MM-DD, from 2000 to 2199";
  return Number.isNaN(timeOf(`${value}T00:00:00Z`)) ? `is ${value}, a day that there is not` : undefined;
}

/** An offset from UTC of up to 14 hours (`+HH:mm`) in milliseconds; nothing for anything else. Pure. */
export function offsetMsOf(text: string): number | undefined {
  const [, sign, hours = "", minutes = ""] = /^([+-])(\d{2}):([0-5]\d)$/.exec(text) ?? [];
  const ms = (Number(hours) * 60 + Number(minutes)) * 60_000;
  if (sign === undefined || ms > 14 * 3_600_000) return undefined;
  return sign === "-" ? -ms : ms;
}
