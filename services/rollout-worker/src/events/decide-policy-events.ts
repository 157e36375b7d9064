import type { Instant } from "@hostrouting/domain";
import { eventHash, eventName, eventObject, type EventObject } from "@hostrouting/events";
import type { PolicyNews, PolicyNewsReason } from "@hostrouting/policy";
import { POLICY_EVENT_CATALOGUE } from "./policy-event-catalogue.ts";

const CONTROLLER = "hostrouting.acns.azure.com/worker";
/** k8s.io/kubernetes/pkg/apis/core/validation/events.go, ReportingInstanceLengthLimit. */
const INSTANCE_CHARACTERS_MAX = 128;
/** One writing for each reason within this; what happens meanwhile is in the next one's count. */
export const EVENT_REST_MS = 60_000;

/**
 * What this worker has told of one cluster's policy: by Event, the occurrences that it shows, and by reason the last try. Losing it costs a call: names
 * and counts come from what is recorded, so the same Event is written again, not a second one.
 */
export type ToldPolicy = {
  readonly counts: ReadonlyMap<string, number>;
  readonly triedAt: ReadonlyMap<PolicyNewsReason, Instant>;
};

/** Nothing was told. */
export const NOTHING_TOLD: ToldPolicy = { counts: new Map(), triedAt: new Map() };

/** The policy that Events are about, and who writes them. */
export type PolicyTeller = { readonly name: string; readonly uid: string | undefined; readonly instance: string; readonly now: Instant };

/** What is to be written: for each reason the thing that waits longest, if its time has come. Pure. */
export function decidePolicyEvents(news: readonly PolicyNews[], told: ToldPolicy, teller: PolicyTeller): readonly EventObject[] {
  const reasons = [...new Set(news.map(({ reason }) => reason))];
  return reasons.flatMap((reason) => {
    const triedAt = told.triedAt.get(reason);
    if (triedAt !== undefined && teller.now - triedAt < EVENT_REST_MS) return [];
    const waiting = news.filter((one) => one.reason === reason && one.count > (told.counts.get(nameOf(one, teller)) ?? 0));
    const [next] = waiting.toSorted((a, b) => a.lastAt - b.lastAt);
    return next === undefined ? [] : [eventOf(next, teller)];
  });
}

/** What is told once a call has ended. A try without success uses up its time as well: a server in trouble is not asked more often. Pure. */
export function afterTry(told: ToldPolicy, event: EventObject, { isWritten, now }: { isWritten: boolean; now: Instant }): ToldPolicy {
  const reason = event.reason as PolicyNewsReason;
  return {
    counts: isWritten ? new Map(told.counts).set(event.metadata.name, event.series?.count ?? 1) : told.counts,
    triedAt: new Map(told.triedAt).set(reason, now),
  };
}

/** Forgets Events of which there is no news any more, so that what is remembered stays small. Pure. */
export function forgetOld(told: ToldPolicy, news: readonly PolicyNews[], teller: Pick<PolicyTeller, "name">): ToldPolicy {
  const names = new Set(news.map((one) => nameOf(one, teller)));
  return { ...told, counts: new Map([...told.counts].filter(([name]) => names.has(name))) };
}

function nameOf({ reason, key, firstAt }: PolicyNews, { name }: Pick<PolicyTeller, "name">): string {
  return eventName(name, eventHash([reason, name, key]), firstAt);
}

function eventOf(news: PolicyNews, teller: PolicyTeller): EventObject {
  const { reason, note, count, lastAt } = news;
  const { name, uid, instance } = teller;
  return eventObject(POLICY_EVENT_CATALOGUE[reason], {
    reason,
    regarding: { apiVersion: "cilium.io/v2", kind: "CiliumClusterwideNetworkPolicy", name, ...(uid === undefined ? {} : { uid }) },
    note,
    name: nameOf(news, teller),
    count,
    at: lastAt,
    reporter: { controller: CONTROLLER, instance: instance.slice(0, INSTANCE_CHARACTERS_MAX) },
  });
}
