import { offsetMsOf, timeOf, whyNotDate } from "./date-time.ts";
import type { Instant } from "./brand.ts";
import type { PolicyFault } from "./policy-fault.ts";

/** Days as AKS writes them, in the order of `Date.getUTCDay`. */
export const weekDays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"] as const;
export type WeekDay = (typeof weekDays)[number];

/** Which of its kind in a month; `Last` is the fourth or the fifth. */
export const weekIndexes = ["First", "Second", "Third", "Fourth", "Last"] as const;
export type WeekIndex = (typeof weekIndexes)[number];

/** How a window recurs; counted from the first day that fits on or after the window's `startDate`. */
export type MaintenanceRecurrence =
  | { readonly daily: { readonly intervalDays: number } }
  | { readonly weekly: { readonly intervalWeeks: number; readonly dayOfWeek: WeekDay } }
  | { readonly absoluteMonthly: { readonly intervalMonths: number; readonly dayOfMonth: number } }
  | { readonly relativeMonthly: { readonly intervalMonths: number; readonly weekIndex: WeekIndex; readonly dayOfWeek: WeekDay } };

/** Of dates both ends count whole (`YYYY-MM-DD`); of times the end does not (RFC 3339). */
export type MaintenanceSpan = { readonly start: string; readonly end: string };

/** A window that recurs. Dates and `startTime` are local to `utcOffset`, which knows no summer time. */
export type MaintenanceWindow = {
  readonly schedule: MaintenanceRecurrence;
  readonly durationHours: number;
  readonly utcOffset: string;
  readonly startDate: string;
  readonly startTime: string;
  readonly notAllowedDates: readonly MaintenanceSpan[];
};

/** Hours of week days, in UTC. No hours are the whole day, and no days at all are any time. */
export type MaintenanceHours = {
  readonly timeInWeek: readonly { readonly day: WeekDay; readonly hourSlots: readonly number[] }[];
  readonly notAllowedTime: readonly MaintenanceSpan[];
};

/** `properties` of a maintenance configuration of AKS, as it is kept. */
export type MaintenanceConfiguration = MaintenanceHours | { readonly maintenanceWindow: MaintenanceWindow };

/** The three that AKS knows. */
export const maintenanceConfigurationNames = ["default", "aksManagedAutoUpgradeSchedule", "aksManagedNodeOSUpgradeSchedule"] as const;
export type MaintenanceConfigurationName = (typeof maintenanceConfigurationNames)[number];
/** A cluster's configurations by name. */
export type MaintenanceConfigurations = { readonly [Name in MaintenanceConfigurationName]?: MaintenanceConfiguration };

/** More than anybody plans ahead; an evaluation walks all of them. */
const SPANS_MAX = 100;
/** Each day may be named more than once; the union counts. */
const DAYS_MAX = 21;
const HOURS_MAX = 24;

type Json = Readonly<Record<string, unknown>>;
type Sink = { readonly faults: PolicyFault[]; readonly now: Instant };

function fault({ faults }: Sink, member: string, why: string): undefined {
  faults.push({ member, message: `${member} ${why}.` });
  return undefined;
}

/** An object with known members only; a member that is `null` counts as absent, as az sends it. */
function objectAt(value: unknown, place: string, given: { sink: Sink; members: readonly string[] }): Json | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return fault(given.sink, place, "must be an object");
  const entries = Object.entries(value).filter(([, each]) => each !== null);
  for (const [key] of entries)
    if (!given.members.includes(key)) fault(given.sink, `${place}.${key}`, `is not known; known are ${given.members.join(", ")}`);
  return Object.fromEntries(entries);
}

function listAt(value: unknown, place: string, given: { sink: Sink; max: number }): readonly unknown[] {
  if (value === undefined) return [];
  if (Array.isArray(value) && value.length <= given.max) return value;
  fault(given.sink, place, `must be a list of at most ${given.max} entries`);
  return [];
}

function wholeAt(value: unknown, place: string, given: { sink: Sink; min: number; max: number }): number {
  const { min, max } = given;
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
  fault(given.sink, place, `must be a whole number from ${min} to ${max}`);
  return min;
}

/** One of a few words without regard to case, as ARM compares them. */
function wordAt<const T extends string>(value: unknown, place: string, given: { sink: Sink; words: readonly [T, ...T[]] }): T {
  const found = given.words.find((word) => typeof value === "string" && word.toLowerCase() === value.toLowerCase());
  if (found === undefined) fault(given.sink, place, `must be one of ${given.words.join(", ")}`);
  return found ?? given.words[0];
}

function dateAt(value: unknown, place: string, sink: Sink): string {
  const why = whyNotDate(value);
  if (why !== undefined) fault(sink, place, why);
  return why === undefined ? (value as string) : "1970-01-01";
}

function timeAt(value: unknown, place: string, sink: Sink): string {
  if (typeof value === "string" && !Number.isNaN(timeOf(value))) return new Date(timeOf(value)).toISOString();
  fault(sink, place, "must be a time as RFC 3339 writes it, such as 2026-01-31T12:00:00Z, on a day that there is");
  return "1970-01-01T00:00:00.000Z";
}

type Read = (value: unknown, place: string, sink: Sink) => string;

function spansAt(value: unknown, place: string, given: { sink: Sink; read: Read; mayBeEqual: boolean }): readonly MaintenanceSpan[] {
  return listAt(value, place, { sink: given.sink, max: SPANS_MAX }).map((each, index) => {
    const at = `${place}[${index}]`;
    const before = given.sink.faults.length;
    const span = objectAt(each, at, { sink: given.sink, members: ["start", "end"] }) ?? {};
    const start = given.read(span["start"], `${at}.start`, given.sink);
    const end = given.read(span["end"], `${at}.end`, given.sink);
    if (given.sink.faults.length === before && (end < start || (end === start && !given.mayBeEqual)))
      fault(given.sink, `${at}.end`, "must be after its start");
    return { start, end };
  });
}

const recurrences = ["daily", "weekly", "absoluteMonthly", "relativeMonthly"] as const;

function recurrenceAt(value: unknown, place: string, sink: Sink): MaintenanceRecurrence | undefined {
  const schedule = objectAt(value, place, { sink, members: recurrences });
  if (schedule === undefined) return undefined;
  const given = recurrences.filter((kind) => schedule[kind] !== undefined);
  const [kind] = given;
  if (kind === undefined || given.length > 1) return fault(sink, place, `must have exactly one of ${recurrences.join(", ")}`);
  const at = `${place}.${kind}`;
  const read = (members: readonly string[]): Json => objectAt(schedule[kind], at, { sink, members }) ?? {};
  const whole = (from: Json, member: string, max: number): number => wholeAt(from[member], `${at}.${member}`, { sink, min: 1, max });
  const day = (from: Json): WeekDay => wordAt(from["dayOfWeek"], `${at}.dayOfWeek`, { sink, words: weekDays });
  switch (kind) {
    case "daily":
      return { daily: { intervalDays: whole(read(["intervalDays"]), "intervalDays", 7) } };
    case "weekly": {
      const from = read(["intervalWeeks", "dayOfWeek"]);
      return { weekly: { intervalWeeks: whole(from, "intervalWeeks", 4), dayOfWeek: day(from) } };
    }
    case "absoluteMonthly": {
      const from = read(["intervalMonths", "dayOfMonth"]);
      return { absoluteMonthly: { intervalMonths: whole(from, "intervalMonths", 6), dayOfMonth: whole(from, "dayOfMonth", 31) } };
    }
    case "relativeMonthly": {
      const from = read(["intervalMonths", "weekIndex", "dayOfWeek"]);
      const weekIndex = wordAt(from["weekIndex"], `${at}.weekIndex`, { sink, words: weekIndexes });
      return { relativeMonthly: { intervalMonths: whole(from, "intervalMonths", 6), weekIndex, dayOfWeek: day(from) } };
    }
  }
}

const WINDOW = ["schedule", "durationHours", "utcOffset", "startDate", "startTime", "notAllowedDates"] as const;

function windowAt(value: unknown, place: string, sink: Sink): MaintenanceConfiguration | undefined {
  const given = objectAt(value, place, { sink, members: WINDOW });
  if (given === undefined) return undefined;
  const schedule = recurrenceAt(given["schedule"], `${place}.schedule`, sink);
  const durationHours = wholeAt(given["durationHours"], `${place}.durationHours`, { sink, min: 4, max: 24 });
  const utcOffset = given["utcOffset"] ?? "+00:00";
  const offsetMs = typeof utcOffset === "string" ? offsetMsOf(utcOffset) : undefined;
  if (offsetMs === undefined) fault(sink, `${place}.utcOffset`, "must be +HH:mm or -HH:mm, up to 14 hours");
  const { startTime } = given;
  if (typeof startTime !== "string" || !/^([01]\d|2[0-3]):[0-5]\d$/.test(startTime))
    fault(sink, `${place}.startTime`, "must be HH:mm, from 00:00 to 23:59");
  const today = new Date(sink.now + (offsetMs ?? 0)).toISOString().slice(0, 10);
  const startDate = given["startDate"] === undefined ? today : dateAt(given["startDate"], `${place}.startDate`, sink);
  const dates = { sink, read: dateAt, mayBeEqual: true };
  const notAllowedDates = spansAt(given["notAllowedDates"], `${place}.notAllowedDates`, dates);
  if (schedule === undefined || sink.faults.length > 0) return undefined;
  const kept = { schedule, durationHours, utcOffset: utcOffset as string, startDate, startTime: startTime as string, notAllowedDates };
  return { maintenanceWindow: kept };
}

function hoursOf(properties: Json, sink: Sink): MaintenanceConfiguration {
  const timeInWeek = listAt(properties["timeInWeek"], "timeInWeek", { sink, max: DAYS_MAX }).map((each, index) => {
    const at = `timeInWeek[${index}]`;
    const given = objectAt(each, at, { sink, members: ["day", "hourSlots"] }) ?? {};
    const day = wordAt(given["day"], `${at}.day`, { sink, words: weekDays });
    const hourSlots = listAt(given["hourSlots"], `${at}.hourSlots`, { sink, max: HOURS_MAX }).map((hour, slot) =>
      wholeAt(hour, `${at}.hourSlots[${slot}]`, { sink, min: 0, max: 23 }),
    );
    return { day, hourSlots };
  });
  const notAllowedTime = spansAt(properties["notAllowedTime"], "notAllowedTime", { sink, read: timeAt, mayBeEqual: false });
  return { timeInWeek, notAllowedTime };
}

/**
 * `properties` of a maintenance configuration as it is kept, or every fault of what was given, by its member's path. `default` has hours of week
 * days, the other two a window that recurs; a window without a `startDate` begins on the day of the request. Pure.
 */
export function parseMaintenanceConfiguration(
  name: MaintenanceConfigurationName,
  properties: unknown,
  now: Instant,
): { readonly configuration: MaintenanceConfiguration } | { readonly faults: readonly PolicyFault[] } {
  const sink: Sink = { faults: [], now };
  const members = name === "default" ? ["timeInWeek", "notAllowedTime"] : ["maintenanceWindow"];
  // The SDKs send empty lists of what is not said.
  const isEmptyList = (member: string, value: unknown): boolean => !members.includes(member) && Array.isArray(value) && value.length === 0;
  const isObject = typeof properties === "object" && properties !== null && !Array.isArray(properties);
  const given = isObject
    ? Object.fromEntries(Object.entries(properties).filter(([key, value]) => !isEmptyList(key, value)))
    : (properties ?? {});
  const known = objectAt(given, "properties", { sink, members }) ?? {};
  const configuration = name === "default" ? hoursOf(known, sink) : windowAt(known["maintenanceWindow"], "maintenanceWindow", sink);
  return configuration === undefined || sink.faults.length > 0 ? { faults: sink.faults } : { configuration };
}
