import type { Instant } from "@hostrouting/domain";
import { eventHash, eventName, eventObject, type EventObject, type EventRegarding } from "@hostrouting/events";
import { WORKER_EVENT_CATALOGUE, type WorkerEventReason } from "./event-catalogue.ts";

const CONTROLLER = "hostrouting.acns.azure.com/worker";
/** k8s.io/kubernetes/pkg/apis/core/validation/events.go, ReportingInstanceLengthLimit. */
const INSTANCE_CHARACTERS_MAX = 128;
/** One writing for each object and reason within this; what happens meanwhile is in the next one's count. */
export const EVENT_REST_MS = 60_000;
/** Writings of one round: a call takes some ten milliseconds, and the next round is to come soon. */
export const EVENTS_PER_ROUND_MAX = 20;

/** Something to tell of an object: `count` occurrences from `firstAt` to `lastAt`. One object, `reason`, `key` and `firstAt` are one Event. */
export type News = {
  readonly reason: WorkerEventReason;
  readonly regarding: EventRegarding;
  readonly key: string;
  readonly note: string;
  readonly count: number;
  readonly firstAt: Instant;
  readonly lastAt: Instant;
};

/**
 * What this worker has told of one cluster: by Event, the occurrences that it shows, and by object and reason the last try. Losing it costs calls: names
 * and counts come from what is recorded, so the same Event is written again, not a second one.
 */
export type ToldNews = {
  readonly counts: ReadonlyMap<string, number>;
  readonly triedAt: ReadonlyMap<string, Instant>;
  /** Until when nothing is told, since there is no room for Events. */
  readonly quietUntil?: Instant | undefined;
};

/** Nothing was told. */
export const NOTHING_TOLD: ToldNews = { counts: new Map(), triedAt: new Map() };

/** Who writes, and when. */
export type Teller = { readonly instance: string; readonly now: Instant };

/** What is to be written: for each object and reason the thing that waits longest, if its time has come. Pure. */
export function decideEvents(news: readonly News[], told: ToldNews, teller: Teller): readonly EventObject[] {
  const waiting = news.filter((one) => one.count > (told.counts.get(nameOf(one)) ?? 0) && !isResting(one, told, teller.now));
  const sorted = waiting.toSorted((a, b) => a.lastAt - b.lastAt);
  const first = [...Map.groupBy(sorted, restKey).values()].flatMap(([next]) => next ?? []);
  return first.slice(0, EVENTS_PER_ROUND_MAX).map((next) => eventOf(next, teller));
}

/** What is told once a call has ended. A try without success uses up its time as well: a server in trouble is not asked more often. Pure. */
export function afterTry(told: ToldNews, event: EventObject, { isWritten, now }: { isWritten: boolean; now: Instant }): ToldNews {
  return {
    ...told,
    counts: isWritten ? new Map(told.counts).set(event.metadata.name, event.series?.count ?? 1) : told.counts,
    triedAt: new Map(told.triedAt).set(restKey(event), now),
  };
}

/** Forgets Events of which there is no news any more, so that what is remembered stays small. Pure. */
export function forgetOld(told: ToldNews, news: readonly News[], now: Instant): ToldNews {
  const names = new Set(news.map(nameOf));
  return {
    ...told,
    counts: new Map([...told.counts].filter(([name]) => names.has(name))),
    triedAt: new Map([...told.triedAt].filter(([, at]) => now - at < EVENT_REST_MS)),
  };
}

function isResting(news: News, { triedAt }: ToldNews, now: Instant): boolean {
  const at = triedAt.get(restKey(news));
  return at !== undefined && now - at < EVENT_REST_MS;
}

function restKey({ reason, regarding }: { readonly reason: string; readonly regarding: EventRegarding }): string {
  return `${reason} ${regarding.kind} ${regarding.name}`;
}

function nameOf({ reason, regarding: { name }, key, firstAt }: News): string {
  return eventName(name, eventHash([reason, name, key]), firstAt);
}

function eventOf(news: News, { instance }: Teller): EventObject {
  const { reason, regarding, note, count, lastAt } = news;
  return eventObject(WORKER_EVENT_CATALOGUE[reason], {
    reason,
    regarding,
    note,
    name: nameOf(news),
    count,
    at: lastAt,
    reporter: { controller: CONTROLLER, instance: instance.slice(0, INSTANCE_CHARACTERS_MAX) },
  });
}
