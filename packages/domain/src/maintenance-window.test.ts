import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Instant } from "./brand.ts";
import { parseMaintenanceConfiguration, weekDays, weekIndexes, type MaintenanceConfiguration } from "./maintenance-configuration.ts";
import { longestOpeningMs, maintenanceState } from "./maintenance-window.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const at = (text: string): Instant => Date.parse(text) as Instant;
const iso = (time: number | undefined): string => (time === undefined ? "never" : new Date(time).toISOString().slice(0, 16));

function configuration(name: "default" | "aksManagedNodeOSUpgradeSchedule", properties: unknown): MaintenanceConfiguration {
  const parsed = parseMaintenanceConfiguration(name, properties, at("2026-01-01T00:00:00Z"));
  assert.ok("configuration" in parsed, JSON.stringify(parsed));
  return parsed.configuration;
}

const windowOf = (members: object): MaintenanceConfiguration =>
  configuration("aksManagedNodeOSUpgradeSchedule", {
    maintenanceWindow: { durationHours: 4, startTime: "22:00", startDate: "2026-01-01", ...members },
  });

/** Whether the minute is open, by counting days one by one from the first. */
function isOpenByCounting(given: MaintenanceConfiguration, time: number): boolean {
  if (!("maintenanceWindow" in given)) {
    const { timeInWeek, notAllowedTime } = given;
    if (notAllowedTime.some(({ start, end }) => time >= Date.parse(start) && time < Date.parse(end))) return false;
    const date = new Date(time);
    return (
      timeInWeek.length === 0 ||
      timeInWeek.some(
        ({ day, hourSlots }) =>
          weekDays[date.getUTCDay()] === day && (hourSlots.length === 0 || hourSlots.some((hour) => hour === date.getUTCHours())),
      )
    );
  }
  const { maintenanceWindow: window } = given;
  const [, sign, hours, minutes] = /^(.)(\d\d):(\d\d)$/.exec(window.utcOffset) ?? [];
  const local = time + (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * MINUTE_MS;
  const today = new Date(local).toISOString().slice(0, 10);
  if (window.notAllowedDates.some(({ start, end }) => today >= start && today <= end)) return false;
  return daysByCounting(window.schedule, window.startDate, local).some((day) => {
    const begins = Date.parse(`${day}T${window.startTime}:00Z`);
    return local >= begins && local < begins + window.durationHours * 60 * MINUTE_MS;
  });
}

type Schedule = Extract<MaintenanceConfiguration, { maintenanceWindow: unknown }>["maintenanceWindow"]["schedule"];

function fits(schedule: Schedule, date: Date): boolean {
  const day = weekDays[date.getUTCDay()];
  if ("daily" in schedule) return true;
  if ("weekly" in schedule) return day === schedule.weekly.dayOfWeek;
  if ("absoluteMonthly" in schedule) return date.getUTCDate() === schedule.absoluteMonthly.dayOfMonth;
  if (day !== schedule.relativeMonthly.dayOfWeek) return false;
  const { weekIndex } = schedule.relativeMonthly;
  const isLast = new Date(date.getTime() + 7 * DAY_MS).getUTCMonth() !== date.getUTCMonth();
  return weekIndex === "Last" ? isLast : Math.ceil(date.getUTCDate() / 7) === weekIndexes.indexOf(weekIndex) + 1;
}

function daysByCounting(schedule: Schedule, startDate: string, until: number): readonly string[] {
  const found: string[] = [];
  let first: Date | undefined;
  for (let time = Date.parse(`${startDate}T00:00:00Z`); time <= until; time += DAY_MS) {
    const date = new Date(time);
    if (!fits(schedule, date)) continue;
    first ??= date;
    const months = (date.getUTCFullYear() - first.getUTCFullYear()) * 12 + date.getUTCMonth() - first.getUTCMonth();
    const days = (time - first.getTime()) / DAY_MS;
    const isTurn =
      "daily" in schedule
        ? days % schedule.daily.intervalDays === 0
        : "weekly" in schedule
          ? (days / 7) % schedule.weekly.intervalWeeks === 0
          : months % ("absoluteMonthly" in schedule ? schedule.absoluteMonthly : schedule.relativeMonthly).intervalMonths === 0;
    if (isTurn) found.push(date.toISOString().slice(0, 10));
  }
  return found.slice(-3);
}

const date = fc
  .integer({ min: 0, max: 500 })
  .map((days) => new Date(at("2027-11-01T00:00:00Z") + days * DAY_MS).toISOString().slice(0, 10));
const span = fc.tuple(date, fc.integer({ min: 0, max: 20 })).map(([start, days]) => ({
  start,
  end: new Date(Date.parse(start) + days * DAY_MS).toISOString().slice(0, 10),
}));
const weekDay = fc.constantFrom(...weekDays);
const months = fc.integer({ min: 1, max: 6 });
const schedule = fc.oneof(
  fc.integer({ min: 1, max: 7 }).map((intervalDays) => ({ daily: { intervalDays } })),
  fc.record({ intervalWeeks: fc.integer({ min: 1, max: 4 }), dayOfWeek: weekDay }).map((weekly) => ({ weekly })),
  fc.record({ intervalMonths: months, dayOfMonth: fc.integer({ min: 1, max: 31 }) }).map((absoluteMonthly) => ({ absoluteMonthly })),
  fc
    .record({ intervalMonths: months, weekIndex: fc.constantFrom(...weekIndexes), dayOfWeek: weekDay })
    .map((relativeMonthly) => ({ relativeMonthly })),
);
const recurring = fc
  .record({
    schedule,
    durationHours: fc.integer({ min: 4, max: 24 }),
    utcOffset: fc.constantFrom("+00:00", "+05:30", "-07:00", "+14:00", "-12:00"),
    startDate: date,
    startTime: fc.constantFrom("00:00", "02:30", "12:00", "23:59"),
    notAllowedDates: fc.array(span, { maxLength: 3 }),
  })
  .map((maintenanceWindow) => configuration("aksManagedNodeOSUpgradeSchedule", { maintenanceWindow }));
const hours = fc
  .record({
    timeInWeek: fc.array(fc.record({ day: weekDay, hourSlots: fc.array(fc.integer({ min: 0, max: 23 }), { maxLength: 4 }) }), {
      maxLength: 4,
    }),
    notAllowedTime: fc.array(
      span.map(({ start, end }) => ({ start: `${start}T06:10:00Z`, end: `${end}T18:50:00Z` })),
      { maxLength: 3 },
    ),
  })
  .map((properties) => configuration("default", properties));
const any = fc.oneof({ weight: 3, arbitrary: recurring }, { weight: 1, arbitrary: hours });
const minute = fc.integer({ min: 0, max: 500 * 24 * 60 }).map((count) => (at("2027-11-01T00:00:00Z") + count * MINUTE_MS) as Instant);

describe("maintenance windows", () => {
  test("are open in exactly those minutes that counting day by day finds", () => {
    fc.assert(
      fc.property(any, minute, (given, now) => {
        for (let step = 0; step < 30; step += 1) {
          const time = (now + step * 97 * MINUTE_MS) as Instant;
          assert.equal(maintenanceState(given, time, 0).kind === "Open", isOpenByCounting(given, time), iso(time));
        }
      }),
      { numRuns: 300 },
    );
  });

  test("stay open until the minute that is said, and that one is closed", () => {
    fc.assert(
      fc.property(any, minute, (given, now) => {
        const state = maintenanceState(given, now, 0);
        if (state.kind !== "Open" || state.until === undefined || state.until - now > 60 * DAY_MS) return;
        assert.equal(state.remainingMs, state.until - now);
        assert.equal(isOpenByCounting(given, state.until), false, iso(state.until));
        for (let time = now as number; time < state.until; time += 29 * MINUTE_MS) assert.ok(isOpenByCounting(given, time), iso(time));
        assert.ok(isOpenByCounting(given, state.until - MINUTE_MS), "the minute before");
      }),
      { numRuns: 200 },
    );
  });

  test("next open in the minute that is said, and in none before", () => {
    fc.assert(
      fc.property(any, minute, (given, now) => {
        const state = maintenanceState(given, now, 0);
        if (state.kind !== "Closed" || state.opensAt === undefined || state.opensAt - now > 60 * DAY_MS) return;
        assert.ok(isOpenByCounting(given, state.opensAt), iso(state.opensAt));
        assert.equal(maintenanceState(given, state.opensAt, 0).kind, "Open");
        assert.equal(isOpenByCounting(given, state.opensAt - MINUTE_MS), false, "the minute before");
        for (let time = now as number; time < state.opensAt; time += 29 * MINUTE_MS)
          assert.equal(isOpenByCounting(given, time), false, iso(time));
      }),
      { numRuns: 200 },
    );
  });

  test("that are too short for what is needed count as closed until one that is long enough", () => {
    fc.assert(
      fc.property(any, minute, fc.integer({ min: 1, max: 30 * 60 }), (given, now, minutes) => {
        const needed = minutes * MINUTE_MS;
        const state = maintenanceState(given, now, needed);
        if (state.kind === "Open") assert.ok(state.remainingMs >= needed);
        else if (state.opensAt === undefined) assert.ok(longestOpeningMs(given, now) < needed);
        else assert.equal(maintenanceState(given, state.opensAt, needed).kind, "Open");
      }),
      { numRuns: 200 },
    );
  });
});

const cases: readonly (readonly [what: string, given: MaintenanceConfiguration, now: string, expected: string])[] = [
  ["every day crosses midnight", windowOf({ schedule: { daily: { intervalDays: 1 } } }), "2026-01-02T01:59", "until 2026-01-02T02:00"],
  ["its end is no part of it", windowOf({ schedule: { daily: { intervalDays: 1 } } }), "2026-01-02T02:00", "next 2026-01-02T22:00"],
  ["a window crosses the year's end", windowOf({ schedule: { daily: { intervalDays: 7 } } }), "2026-12-31T23:00", "until 2027-01-01T02:00"],
  [
    "it is closed before its first day",
    windowOf({ schedule: { daily: { intervalDays: 1 } }, startDate: "2026-03-01" }),
    "2026-02-01T22:30",
    "next 2026-03-01T22:00",
  ],
  [
    "every other week is counted from the first such day, not from 1970",
    windowOf({ schedule: { weekly: { intervalWeeks: 2, dayOfWeek: "Monday" } }, startDate: "2026-01-06" }),
    "2026-01-06T00:00",
    "next 2026-01-12T22:00",
  ],
  [
    "and two weeks after it",
    windowOf({ schedule: { weekly: { intervalWeeks: 2, dayOfWeek: "Monday" } }, startDate: "2026-01-06" }),
    "2026-01-13T03:00",
    "next 2026-01-26T22:00",
  ],
  [
    "the last Friday of a month of four",
    windowOf({ schedule: { relativeMonthly: { intervalMonths: 1, weekIndex: "Last", dayOfWeek: "Friday" } } }),
    "2026-02-01T00:00",
    "next 2026-02-27T22:00",
  ],
  [
    "the last Friday of a month of five",
    windowOf({ schedule: { relativeMonthly: { intervalMonths: 1, weekIndex: "Last", dayOfWeek: "Friday" } } }),
    "2026-05-01T00:00",
    "next 2026-05-29T22:00",
  ],
  [
    "the first Sunday of a month that begins with it",
    windowOf({ schedule: { relativeMonthly: { intervalMonths: 1, weekIndex: "First", dayOfWeek: "Sunday" } } }),
    "2026-02-01T00:00",
    "next 2026-02-01T22:00",
  ],
  [
    "a month without a 31st is left out",
    windowOf({ schedule: { absoluteMonthly: { intervalMonths: 1, dayOfMonth: 31 } } }),
    "2026-02-01T03:00",
    "next 2026-03-31T22:00",
  ],
  [
    "29 February comes in leap years only",
    windowOf({ schedule: { absoluteMonthly: { intervalMonths: 6, dayOfMonth: 29 } }, startDate: "2026-08-29" }),
    "2026-09-01T00:00",
    "next 2027-08-29T22:00",
  ],
  [
    "an offset is fixed and knows no summer time",
    windowOf({ schedule: { daily: { intervalDays: 1 } }, startTime: "02:00", utcOffset: "+02:00" }),
    "2026-07-01T23:00",
    "next 2026-07-02T00:00",
  ],
  [
    "days that are not allowed close it, both ends whole and local",
    windowOf({
      schedule: { daily: { intervalDays: 1 } },
      durationHours: 24,
      startTime: "00:00",
      utcOffset: "+02:00",
      notAllowedDates: [{ start: "2026-12-23", end: "2027-01-03" }],
    }),
    "2026-12-22T22:00",
    "next 2027-01-03T22:00",
  ],
  [
    "windows that touch are one",
    windowOf({ schedule: { daily: { intervalDays: 1 } }, durationHours: 24 }),
    "2026-02-01T00:00",
    "until never",
  ],
  [
    "hours of a week day",
    configuration("default", { timeInWeek: [{ day: "Monday", hourSlots: [1, 2] }] }),
    "2026-01-05T01:30",
    "until 2026-01-05T03:00",
  ],
  [
    "a day without hours is the whole day",
    configuration("default", { timeInWeek: [{ day: "Monday" }] }),
    "2026-01-03T00:00",
    "next 2026-01-05T00:00",
  ],
  [
    "a span that is not allowed cuts it",
    configuration("default", {
      timeInWeek: [{ day: "Monday", hourSlots: [1, 2] }],
      notAllowedTime: [{ start: "2026-01-05T01:30:00Z", end: "2026-01-05T02:15:00Z" }],
    }),
    "2026-01-05T01:45",
    "next 2026-01-05T02:15",
  ],
  [
    "no days at all are any time but the spans",
    configuration("default", { notAllowedTime: [{ start: "2026-01-05T00:00:00Z", end: "2026-01-06T00:00:00Z" }] }),
    "2026-01-04T23:00",
    "until 2026-01-05T00:00",
  ],
  [
    "what is never allowed never opens",
    configuration("default", { notAllowedTime: [{ start: "2020-01-01T00:00:00Z", end: "2199-01-01T00:00:00Z" }] }),
    "2026-01-01T00:00",
    "next never",
  ],
];

for (const [what, given, now, expected] of cases)
  test(`maintenance: ${what}`, () => {
    const state = maintenanceState(given, at(`${now}:00Z`), 0);
    assert.equal(state.kind === "Open" ? `until ${iso(state.until)}` : `next ${iso(state.opensAt)}`, expected);
  });
