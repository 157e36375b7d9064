import { eventName, eventNamespace, eventSeries } from "@hostrouting/events";
import { EVENT_CATALOGUE, RARE_REASONS } from "./event-catalogue.ts";
import { eventBody, hashOf, type Regarding, type Telling } from "./telling.ts";
import type { EventWrite, Spent, Told, ToldEvents, Waiting } from "./told-events.ts";
import { isWithin } from "../is-within.ts";

/**
 * Which Events to write, from everything there is to tell and everything that was told. An Event is created for what is new; further
 * occurrences are added to its series. Objects have budgets: what these leave no room for waits, and what is over before its turn is counted.
 */

/** Writes within WINDOW_MS about one pod, about all pods together, and in all: ten of them are kept for what is about the node. */
export const WRITES_PER_POD_MAX = 10;
export const WRITES_FOR_PODS_MAX = 50;
export const WRITES_MAX = 60;
const WINDOW_MS = 60_000;
/** A series is written anew no sooner: what is written then is the count of all occurrences. */
export const SERIES_REST_MS = 30_000;
/** What happens again after so long is a new Event. The API server forgets one an hour after its last writing, unless told otherwise. */
export const SERIES_MS = 45 * 60_000;

/** Who tells, and when (milliseconds since 1970). `reportingInstance`: the agent's pod. */
export type EventTeller = { readonly node: Regarding; readonly reportingInstance: string; readonly now: number };

/** What to write, in this order, and what is known to be told before any of it is written. `tellings`: all that there is to tell. */
export function decideEvents(
  tellings: readonly Telling[],
  before: ToldEvents,
  teller: EventTeller,
): { writes: readonly EventWrite[]; told: ToldEvents } {
  const all = merged(tellings);
  const suppressed = before.suppressed + overOf(before.waiting, all, teller.node);
  if (suppressed > 0) add(all, suppressedTelling(teller.node, suppressed));
  const known = new Map(before.told.map((one) => [one.hash, one]));
  const tried = new Map(before.waiting.map((one) => [one.hash, one.tried]));
  const untold = [...all].map(([hash, telling]) => untoldOf(hash, telling, { told: known.get(hash), tried: tried.get(hash) }));
  const waiting = untold.filter((one) => one.untold > 0);
  const spent = before.spent.filter(({ at }) => isWithin(teller.now - at, WINDOW_MS));
  return {
    writes: withinBudget(waiting, { spent, teller, sequence: before.sequence }),
    told: {
      sequence: before.sequence,
      suppressed,
      spent,
      told: before.told.filter(({ hash, at }) => all.has(hash) || isWithin(teller.now - at, SERIES_MS)),
      waiting: waiting.map(({ hash, untold: count, tried: first }): Waiting => ({ hash, untold: count, ...(first && { tried: first }) })),
    },
  };
}

type Untold = { readonly hash: string; readonly telling: Telling; readonly untold: number } & Past;
type Past = { readonly told: Told | undefined; readonly tried: Told | undefined };

/** Two sources that tell the same have seen it as often as both together. */
function merged(tellings: readonly Telling[]): Map<string, Telling> {
  const all = new Map<string, Telling>();
  for (const telling of tellings) add(all, telling);
  return all;
}

function add(all: Map<string, Telling>, telling: Telling): void {
  const hash = hashOf(telling);
  all.set(hash, { ...telling, count: telling.count + (all.get(hash)?.count ?? 0) });
}

/** Occurrences that waited and are told of no more. Those that are told to be suppressed are among them already. */
function overOf(waiting: readonly Waiting[], all: ReadonlyMap<string, Telling>, node: Regarding): number {
  const own = hashOf(suppressedTelling(node, 0));
  return waiting.filter(({ hash }) => hash !== own && !all.has(hash)).reduce((sum, { untold }) => sum + untold, 0);
}

/** Tells that so many occurrences have no Event of their own; every source's are added up. */
export function suppressedTelling(regarding: Regarding, count: number): Telling {
  return { reason: "EventsSuppressed", regarding, key: "", note: "More happened than Events are written for.", count };
}

/** A count that went back began anew, with another process. */
function untoldOf(hash: string, telling: Telling, past: Past): Untold {
  const seen = past.told === undefined || past.told.seen > telling.count ? 0 : past.told.seen;
  return { hash, telling, untold: telling.count - seen, ...past };
}

type Room = { readonly spent: readonly Spent[]; readonly teller: EventTeller; readonly sequence: number };

function withinBudget(waiting: readonly Untold[], { spent, teller, sequence }: Room): EventWrite[] {
  const ofObject = new Map<string, number>();
  const rare = new Set<string>();
  let [inAll, forPods] = [0, 0];
  const spend = ({ uid, isPod, reason }: Omit<Spent, "at">): void => {
    ofObject.set(uid, (ofObject.get(uid) ?? 0) + 1);
    if (RARE_REASONS.has(reason ?? "")) rare.add(`${reason} ${uid}`);
    inAll += 1;
    if (isPod) forPods += 1;
  };
  spent.forEach(spend);
  const planned: EventWrite[] = [];
  for (const untold of waiting.toSorted((a, b) => rank(a) - rank(b))) {
    const { reason, regarding } = untold.telling;
    const { kind, uid } = regarding;
    const isPod = kind === "Pod";
    if (rare.has(`${reason} ${uid}`)) continue;
    if (inAll >= WRITES_MAX) break;
    if (isPod && (forPods >= WRITES_FOR_PODS_MAX || (ofObject.get(uid) ?? 0) >= WRITES_PER_POD_MAX)) continue;
    // the time as a beginning, so that a lost record of what was told does not make names twice
    const write = writeOf(untold, teller, Math.max(sequence + 1, teller.now) + planned.length);
    if (write === undefined) continue;
    planned.push(write);
    spend({ uid, isPod, reason });
  }
  return planned;
}

/** What is about the node first, then what was never told, warnings before the rest. */
function rank({ telling, told }: Untold): number {
  const { regarding, reason } = telling;
  return (regarding.kind === "Node" ? 0 : 4) + (told === undefined ? 0 : 2) + (EVENT_CATALOGUE[reason].type === "Warning" ? 0 : 1);
}

/** Undefined: its series was written just now. */
function writeOf({ hash, telling, untold, told, tried }: Untold, teller: EventTeller, sequence: number): EventWrite | undefined {
  const { now, reportingInstance } = teller;
  const common = { hash, telling, untold, sequence, namespace: eventNamespace(telling.regarding) };
  const age = told === undefined ? SERIES_MS : now - told.at;
  if (isWithin(age, SERIES_REST_MS)) return undefined;
  if (told !== undefined && told.count > 0 && isWithin(age, SERIES_MS)) {
    const count = told.count + untold;
    return { ...common, kind: "Patch", name: told.name, count, series: eventSeries(count, now) };
  }
  const name = tried?.name ?? eventName(telling.regarding.name, hash, sequence);
  return { ...common, kind: "Create", name, count: untold, body: eventBody(telling, { name, count: untold, at: now, reportingInstance }) };
}
