import assert from "node:assert/strict";
import { test } from "node:test";
import type { Instant } from "./brand.ts";
import { parseMaintenanceConfiguration } from "./maintenance-configuration.ts";

const now = Date.UTC(2026, 0, 1, 23) as Instant;
const weekly = { weekly: { intervalWeeks: 1, dayOfWeek: "Friday" } };
const window = { schedule: weekly, durationHours: 4, startTime: "22:00" };
const parse = (maintenanceWindow: unknown) => parseMaintenanceConfiguration("aksManagedNodeOSUpgradeSchedule", { maintenanceWindow }, now);
const parseHours = (properties: unknown) => parseMaintenanceConfiguration("default", properties, now);

test("a window is kept with every member; without a first day it begins today, where its offset has today", () => {
  const kept = { ...window, utcOffset: "+05:30", startDate: "2026-01-02", notAllowedDates: [] };
  assert.deepEqual(parse({ ...window, utcOffset: "+05:30" }), { configuration: { maintenanceWindow: kept } });
});

test("words are taken in any letter case and kept in AKS' own, and what is null counts as not said", () => {
  const given = { timeInWeek: [{ day: "monday", hourSlots: null }], notAllowedTime: null };
  assert.deepEqual(parseHours(given), { configuration: { timeInWeek: [{ day: "Monday", hourSlots: [] }], notAllowedTime: [] } });
  const lists = { maintenanceWindow: window, timeInWeek: [], notAllowedTime: [] };
  assert.ok("configuration" in parseMaintenanceConfiguration("aksManagedAutoUpgradeSchedule", lists, now));
});

const spans = (start: string, end: string): object => ({ ...window, notAllowedDates: [{ start, end }] });
const faults: readonly (readonly [what: string, parsed: ReturnType<typeof parse>, expected: string])[] = [
  ["nothing", parseMaintenanceConfiguration("aksManagedNodeOSUpgradeSchedule", undefined, now), "maintenanceWindow"],
  ["a list", parseHours([]), "properties"],
  [
    "hours for node images",
    parseMaintenanceConfiguration("aksManagedNodeOSUpgradeSchedule", { timeInWeek: [{}], maintenanceWindow: window }, now),
    "properties.timeInWeek",
  ],
  ["a window for the default", parseHours({ maintenanceWindow: window }), "properties.maintenanceWindow"],
  ["an empty window", parse({}), "maintenanceWindow.schedule, maintenanceWindow.durationHours, maintenanceWindow.startTime"],
  ["a member that is not known", parse({ ...window, colour: "red" }), "maintenanceWindow.colour"],
  ["no schedule", parse({ ...window, schedule: {} }), "maintenanceWindow.schedule"],
  ["two schedules", parse({ ...window, schedule: { ...weekly, daily: { intervalDays: 1 } } }), "maintenanceWindow.schedule"],
  ["a schedule that is not known", parse({ ...window, schedule: { yearly: {}, ...weekly } }), "maintenanceWindow.schedule.yearly"],
  ["no hours", parse({ ...window, durationHours: 0 }), "maintenanceWindow.durationHours"],
  ["more than a day", parse({ ...window, durationHours: 25 }), "maintenanceWindow.durationHours"],
  ["a part of an hour", parse({ ...window, durationHours: 4.5 }), "maintenanceWindow.durationHours"],
  ["midnight at the end", parse({ ...window, startTime: "24:00" }), "maintenanceWindow.startTime"],
  ["a zone", parse({ ...window, utcOffset: "CET" }), "maintenanceWindow.utcOffset"],
  ["an offset that no place has", parse({ ...window, utcOffset: "+14:30" }), "maintenanceWindow.utcOffset"],
  ["31 February", parse({ ...window, startDate: "2026-02-31" }), "maintenanceWindow.startDate"],
  ["29 February of no leap year", parse(spans("2026-02-28", "2026-02-29")), "maintenanceWindow.notAllowedDates[0].end"],
  ["an end before its start", parse(spans("2026-02-02", "2026-02-01")), "maintenanceWindow.notAllowedDates[0].end"],
  ["a time for a date", parse({ ...window, startDate: "2026-02-01T00:00:00Z" }), "maintenanceWindow.startDate"],
  ["a year long ago", parse({ ...window, startDate: "0001-01-01" }), "maintenanceWindow.startDate"],
  ["every eighth day", parse({ ...window, schedule: { daily: { intervalDays: 8 } } }), "maintenanceWindow.schedule.daily.intervalDays"],
  [
    "the fifth week",
    parse({ ...window, schedule: { relativeMonthly: { intervalMonths: 1, weekIndex: "Fifth", dayOfWeek: "Friday" } } }),
    "maintenanceWindow.schedule.relativeMonthly.weekIndex",
  ],
  [
    "the 32nd of no month",
    parse({ ...window, schedule: { absoluteMonthly: { intervalMonths: 0, dayOfMonth: 32 } } }),
    "maintenanceWindow.schedule.absoluteMonthly.intervalMonths, maintenanceWindow.schedule.absoluteMonthly.dayOfMonth",
  ],
  [
    "a day that is none",
    parse({ ...window, schedule: { weekly: { intervalWeeks: 1, dayOfWeek: "Caturday" } } }),
    "maintenanceWindow.schedule.weekly.dayOfWeek",
  ],
  ["an hour that is none", parseHours({ timeInWeek: [{ day: "Monday", hourSlots: [23, 24] }] }), "timeInWeek[0].hourSlots[1]"],
  ["a day of the week that is none", parseHours({ timeInWeek: [{ day: "Mon" }] }), "timeInWeek[0].day"],
  [
    "an empty span of time",
    parseHours({ notAllowedTime: [{ start: "2026-01-01T00:00:00Z", end: "2026-01-01T00:00:00Z" }] }),
    "notAllowedTime[0].end",
  ],
  [
    "a time without an offset",
    parseHours({ notAllowedTime: [{ start: "2026-01-01T00:00:00", end: "2026-01-02T00:00:00Z" }] }),
    "notAllowedTime[0].start",
  ],
  ["too many spans", parse({ ...window, notAllowedDates: Array.from({ length: 101 }, () => ({})) }), "maintenanceWindow.notAllowedDates"],
];

for (const [what, parsed, expected] of faults)
  test(`a maintenance configuration is refused: ${what}`, () => {
    assert.ok("faults" in parsed, JSON.stringify(parsed));
    assert.equal(parsed.faults.map(({ member }) => member).join(", "), expected);
    for (const { member, message } of parsed.faults) assert.ok(message.startsWith(member), message);
  });
