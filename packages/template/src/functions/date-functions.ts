import { callFault, type FunctionCall, integerOf, textOf } from "./function-call.ts";

/** A function of dates; it is told what time it is. */
export type DateFunction = {
  readonly least: number;
  readonly most: number;
  readonly evaluate: (call: FunctionCall, nowMs: number) => string | number;
};

const STANDARD: Readonly<Record<string, string>> = {
  d: "MM/dd/yyyy",
  s: "yyyy-MM-ddTHH:mm:ss",
  u: "yyyy-MM-dd HH:mm:ssZ",
  o: "yyyy-MM-ddTHH:mm:ss.fff0000Z",
};
const TOKEN = /yyyy|yy|MM|M|dd|d|HH|H|hh|h|mm|m|ss|s|f{1,7}|tt|'[^']*'/g;
const MS_PER = { D: 86_400_000, H: 3_600_000, m: 60_000, S: 1000 } as const;
/** ECMAScript knows no dates beyond (ECMA-262, "Time Values and Time Range"). */
const DATE_MS_MAX = 8.64e15;

/** A date by a .NET format: standard ones d, s, u and o, custom ones of numbers. */
function write(ms: number, format: string): string {
  const [date = "", rest = ""] = new Date(ms).toISOString().split("T");
  const [year = "", month = "", day = ""] = date.split("-");
  const [hour = "", minute = "", second = ""] = rest.split(/[:.]/);
  const half = String(Number(hour) % 12 || 12);
  const parts: Readonly<Record<string, string>> = {
    yyyy: year,
    yy: year.slice(-2),
    MM: month,
    M: String(Number(month)),
    dd: day,
    d: String(Number(day)),
    HH: hour,
    H: String(Number(hour)),
    hh: half.padStart(2, "0"),
    h: half,
    mm: minute,
    m: String(Number(minute)),
    ss: second,
    s: String(Number(second)),
    tt: Number(hour) < 12 ? "AM" : "PM",
  };
  const fraction = String(((ms % 1000) + 1000) % 1000)
    .padStart(3, "0")
    .padEnd(7, "0");
  return (STANDARD[format] ?? format).replace(TOKEN, (token) => {
    if (token.startsWith("'")) return token.slice(1, -1);
    return token.startsWith("f") ? fraction.slice(0, token.length) : (parts[token] ?? token);
  });
}

function instant(call: FunctionCall, at: number): number {
  const text = textOf(call, at);
  const compact = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(text);
  const spaced = text.replace(/^(\d{4}-\d{2}-\d{2}) (?=\d{2}:)/, "$1T");
  const iso = compact === null ? spaced : `${compact.slice(1, 4).join("-")}T${compact.slice(4).join(":")}Z`;
  // without a zone it is UTC here, as for Azure Resource Manager
  const ms = Date.parse(/^\d{4}-\d{2}-\d{2}T[\d:.]+$/.test(iso) ? `${iso}Z` : iso);
  if (Number.isNaN(ms)) throw callFault(call.name, `expects its parameter ${at + 1} to be a date and time of ISO 8601`);
  return ms;
}

function add(call: FunctionCall): string {
  const duration = /^(-?)P(?:(\d{1,9})Y)?(?:(\d{1,9})M)?(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?$/.exec(
    textOf(call, 1),
  );
  if (duration === null || duration.slice(2).every((part) => part === undefined))
    throw callFault(call.name, "expects its parameter 2 to be a duration of ISO 8601 such as 'P1DT2H'");
  const sign = duration[1] === "-" ? -1 : 1;
  const [years = 0, months = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = duration.slice(2).map((part) => sign * Number(part ?? 0));
  const date = new Date(instant(call, 0));
  // the last day of a month stays one, as in .NET
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + 12 * years + months);
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(day, lastDay));
  const ms = date.getTime() + days * MS_PER.D + hours * MS_PER.H + minutes * MS_PER.m + seconds * MS_PER.S;
  return write(bounded(call, ms), call.args[2] === undefined ? "u" : textOf(call, 2));
}

function bounded(call: FunctionCall, ms: number): number {
  if (!(Math.abs(ms) <= DATE_MS_MAX)) throw callFault(call.name, "has a result that is no date");
  return ms;
}

/** Functions of dates by their name in lower case ("Date functions for ARM templates"). */
export const dateFunctions: Readonly<Record<string, DateFunction>> = {
  utcnow: {
    least: 0,
    most: 1,
    evaluate: (call, nowMs) => write(nowMs, call.args[0] === undefined ? "yyyyMMddTHHmmssZ" : textOf(call, 0)),
  },
  datetimeadd: { least: 2, most: 3, evaluate: add },
  datetimefromepoch: { least: 1, most: 1, evaluate: (call) => write(bounded(call, integerOf(call, 0) * 1000), "yyyy-MM-ddTHH:mm:ssZ") },
  datetimetoepoch: { least: 1, most: 1, evaluate: (call) => Math.floor(instant(call, 0) / 1000) },
};
