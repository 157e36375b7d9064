import { eventHash, eventNoteRoom, eventObject, type EventObject } from "@hostrouting/events";
import { EVENT_CATALOGUE, type EventReason } from "./event-catalogue.ts";

/** The object that an Event is about. */
export type Regarding =
  | { readonly kind: "Node"; readonly name: string; readonly uid: string }
  | { readonly kind: "Pod"; readonly namespace: string; readonly name: string; readonly uid: string };

/**
 * Something to tell with an Event. Those of one reason, object and `key` are one thing that happened `count` times since the agent's start;
 * `note` is for people, and only that of an Event's first occurrence is shown, since Kubernetes lets no note be changed.
 */
export type Telling = {
  readonly reason: EventReason;
  readonly regarding: Regarding;
  readonly key: string;
  readonly note: string;
  readonly count: number;
  /** Whether the count goes on when another process of the agent takes over: then nothing is told again. */
  readonly isKept?: boolean;
};

const CONTROLLER = "hostrouting.acns.azure.com/agent";

/** What is the same for all occurrences of one thing, whichever agent process sees them. */
export function hashOf({ reason, regarding, key }: Telling): string {
  return eventHash([reason, regarding.uid, key]);
}

/** The first writing of an Event, `count` occurrences together. */
export function eventBody(telling: Telling, written: { name: string; count: number; at: number; reportingInstance: string }): EventObject {
  const { reason, note, regarding } = telling;
  const { name, count, at, reportingInstance } = written;
  const reporter = { controller: CONTROLLER, instance: reportingInstance };
  return eventObject(EVENT_CATALOGUE[reason], { reason, note, regarding: { apiVersion: "v1", ...regarding }, name, count, at, reporter });
}

/** Bytes of a telling's note that its Event has room for; what is longer is cut. */
export function noteRoom(reason: EventReason): number {
  return eventNoteRoom(EVENT_CATALOGUE[reason]);
}
