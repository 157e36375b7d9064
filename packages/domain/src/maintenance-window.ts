/**
 * When maintenance may happen, evaluated exactly. A configuration becomes openings, half-open intervals of time in ascending order that do not
 * touch; all else is read off them. Nothing here reads a clock: every question names its instant.
 */
import type { Instant } from "./brand.ts";
import { offsetMsOf } from "./date-time.ts";
import {
  weekDays,
  weekIndexes,
  type MaintenanceConfiguration,
  type MaintenanceHours,
  type MaintenanceRecurrence,
  type MaintenanceWindow,
} from "./maintenance-configuration.ts";

/** From `start` on, up to but not including `end`; milliseconds since 1970. */
export type Opening = { readonly start: number; readonly end: number };

/** Open until then (absent: for longer than anybody looked), or closed until then (absent: for good, as far as anybody looked). */
export type MaintenanceState =
  | { readonly kind: "Open"; readonly until: Instant | undefined; readonly remainingMs: number }
  | { readonly kind: "Closed"; readonly opensAt: Instant | undefined };

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;
/** What does not open within two years is said never to: the longest recurrence, the 31st of every sixth month, comes once a year. */
export const LOOK_AHEAD_MS = 731 * DAY_MS;
/** Most windows open within this, and two years of them are many to reckon. */
const LOOK_NEAR_MS = 36 * DAY_MS;

const dayStart = (date: string): number => Date.parse(`${date}T00:00:00Z`);

/** Midnight of the nth week day of a month; months count from 0 and may exceed 11. */
function weekDayOf(year: number, month: number, wanted: { readonly weekIndex: string; readonly dayOfWeek: string }): number {
  const weekDay = weekDays.findIndex((day) => day === wanted.dayOfWeek);
  const index = weekIndexes.findIndex((each) => each === wanted.weekIndex);
  if (wanted.weekIndex !== "Last") {
    const first = new Date(Date.UTC(year, month, 1)).getUTCDay();
    return Date.UTC(year, month, 1 + ((weekDay - first + 7) % 7) + 7 * index);
  }
  const last = new Date(Date.UTC(year, month + 1, 0));
  return Date.UTC(year, month + 1, -((last.getUTCDay() - weekDay + 7) % 7));
}

/** Midnight of a day of a month, or nothing in a month that has no such day. */
function dayOf(year: number, month: number, day: number): number | undefined {
  const at = Date.UTC(year, month, day);
  return new Date(at).getUTCDate() === day ? at : undefined;
}

/** Days on which a window begins, as local midnights from `from` to `to`; the first that fits on or after `first` begins the count. */
function recurringDays(schedule: MaintenanceRecurrence, first: number, range: Opening): readonly number[] {
  if ("daily" in schedule) return everyDays(first, schedule.daily.intervalDays, range);
  if ("weekly" in schedule) {
    const { intervalWeeks, dayOfWeek } = schedule.weekly;
    const ahead = (weekDays.indexOf(dayOfWeek) - new Date(first).getUTCDay() + 7) % 7;
    return everyDays(first + ahead * DAY_MS, 7 * intervalWeeks, range);
  }
  if ("absoluteMonthly" in schedule) {
    const { intervalMonths, dayOfMonth } = schedule.absoluteMonthly;
    return everyMonths(first, intervalMonths, { range, dayIn: (year, month) => dayOf(year, month, dayOfMonth) });
  }
  const { intervalMonths, ...wanted } = schedule.relativeMonthly;
  return everyMonths(first, intervalMonths, { range, dayIn: (year, month) => weekDayOf(year, month, wanted) });
}

function everyDays(first: number, interval: number, range: Opening): readonly number[] {
  const step = interval * DAY_MS;
  const skipped = Math.max(0, Math.ceil((range.start - first) / step));
  const days: number[] = [];
  for (let day = first + skipped * step; day < range.end; day += step) days.push(day);
  return days;
}

function everyMonths(
  first: number,
  interval: number,
  given: { readonly range: Opening; readonly dayIn: (year: number, month: number) => number | undefined },
): readonly number[] {
  const { range, dayIn } = given;
  const date = new Date(first);
  const year = date.getUTCFullYear();
  let month = date.getUTCMonth();
  // In a leap year or not, some month within the next four has the day.
  for (let tried = 0; tried < 4 && (dayIn(year, month) ?? -Infinity) < first; tried += 1) month += 1;
  const days: number[] = [];
  for (; Date.UTC(year, month, 1) < range.end; month += interval) {
    const day = dayIn(year, month);
    if (day !== undefined && day >= range.start && day < range.end) days.push(day);
  }
  return days;
}

function windowOpenings(window: MaintenanceWindow, range: Opening): readonly Opening[] {
  const offsetMs = offsetMsOf(window.utcOffset) ?? 0;
  const [hours = 0, minutes = 0] = window.startTime.split(":").map(Number);
  const beginsMs = (hours * 60 + minutes) * 60_000 - offsetMs;
  const durationMs = window.durationHours * HOUR_MS;
  // A window of the day before may still be open, and begins up to two days before its end.
  const days = { start: range.start - beginsMs - durationMs, end: range.end - beginsMs };
  const found = recurringDays(window.schedule, dayStart(window.startDate), days).map((day) => ({
    start: day + beginsMs,
    end: day + beginsMs + durationMs,
  }));
  const spans = window.notAllowedDates.map(({ start, end }) => ({
    start: dayStart(start) - offsetMs,
    end: dayStart(end) + DAY_MS - offsetMs,
  }));
  return without(merged(found), spans);
}

/** Sunday 4 January 1970, midnight. */
const FIRST_SUNDAY_MS = 3 * DAY_MS;

function hourOpenings({ timeInWeek, notAllowedTime }: MaintenanceHours, range: Opening): readonly Opening[] {
  const spans = notAllowedTime.map(({ start, end }) => ({ start: Date.parse(start), end: Date.parse(end) }));
  if (timeInWeek.length === 0) return without([range], spans);
  const slots = timeInWeek.flatMap(({ day, hourSlots }) => {
    const dayMs = weekDays.indexOf(day) * DAY_MS;
    const whole = [{ start: dayMs, end: dayMs + DAY_MS }];
    return hourSlots.length === 0 ? whole : hourSlots.map((hour) => ({ start: dayMs + hour * HOUR_MS, end: dayMs + (hour + 1) * HOUR_MS }));
  });
  const found: Opening[] = [];
  const firstWeek = Math.floor((range.start - FIRST_SUNDAY_MS) / WEEK_MS) * WEEK_MS + FIRST_SUNDAY_MS;
  for (let week = firstWeek; week < range.end; week += WEEK_MS)
    found.push(...slots.map(({ start, end }) => ({ start: week + start, end: week + end })));
  return without(merged(found), spans);
}

/** In order, and one where two touch or overlap. */
function merged(given: readonly Opening[]): readonly Opening[] {
  const result: Opening[] = [];
  for (const each of given.toSorted((a, b) => a.start - b.start)) {
    const last = result.at(-1);
    if (last === undefined || each.start > last.end) result.push(each);
    else result[result.length - 1] = { start: last.start, end: Math.max(last.end, each.end) };
  }
  return result;
}

function without(given: readonly Opening[], spans: readonly Opening[]): readonly Opening[] {
  return spans.reduce<readonly Opening[]>(
    (left, span) =>
      left
        .flatMap(({ start, end }) => [
          { start, end: Math.min(end, span.start) },
          { start: Math.max(start, span.end), end },
        ])
        .filter(({ start, end }) => start < end),
    given,
  );
}

/** All openings that touch a range, in order. One at an edge of the range may be longer than is said; those of a window are whole. Pure. */
export function openings(configuration: MaintenanceConfiguration, range: Opening): readonly Opening[] {
  const found =
    "maintenanceWindow" in configuration ? windowOpenings(configuration.maintenanceWindow, range) : hourOpenings(configuration, range);
  return found.filter(({ start, end }) => end > range.start && start < range.end);
}

/**
 * Whether maintenance may begin at an instant that must go on for `neededMs`: an opening that ends earlier counts as closed, and so does one
 * that is never as long. Pure.
 */
export function maintenanceState(configuration: MaintenanceConfiguration, now: Instant, neededMs: number): MaintenanceState {
  const near = stateWithin(configuration, { now, neededMs, aheadMs: LOOK_NEAR_MS });
  return near ?? stateWithin(configuration, { now, neededMs, aheadMs: LOOK_AHEAD_MS }) ?? { kind: "Closed", opensAt: undefined };
}

type Question = { readonly now: Instant; readonly neededMs: number; readonly aheadMs: number };

function stateWithin(configuration: MaintenanceConfiguration, { now, neededMs, aheadMs }: Question): MaintenanceState | undefined {
  const end = now + aheadMs;
  for (const opening of openings(configuration, { start: now, end })) {
    const begins = Math.max(opening.start, now);
    const isCut = opening.end >= end;
    if (isCut && aheadMs < LOOK_AHEAD_MS) return undefined;
    if (opening.end - begins < neededMs) continue;
    if (begins > now) return { kind: "Closed", opensAt: begins as Instant };
    return { kind: "Open", until: isCut ? undefined : (opening.end as Instant), remainingMs: opening.end - now };
  }
  return undefined;
}

/** How long the longest opening of the next two years is; 0 where there is none. Pure. */
export function longestOpeningMs(configuration: MaintenanceConfiguration, now: Instant): number {
  const all = openings(configuration, { start: now, end: now + LOOK_AHEAD_MS });
  return Math.max(0, ...all.map(({ start, end }) => end - Math.max(start, now)));
}
