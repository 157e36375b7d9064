import { createHash } from "node:crypto";
import { visibleText } from "@hostrouting/domain";
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
};

/** An Event as `events.k8s.io/v1` takes it. k8s.io/api/events/v1/types.go */
export type EventBody = {
  readonly apiVersion: "events.k8s.io/v1";
  readonly kind: "Event";
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly eventTime: string;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly action: string;
  readonly note: string;
  readonly regarding: Regarding & { readonly apiVersion: "v1" };
  readonly reportingController: string;
  readonly reportingInstance: string;
  readonly series?: EventSeries;
};

/** How often something was seen, twice at least, and when last. */
export type EventSeries = { readonly count: number; readonly lastObservedTime: string };

const CONTROLLER = "hostrouting.acns.azure.com/agent";
/** k8s.io/kubernetes/pkg/apis/core/validation/events.go, NoteLengthLimit: bytes. */
const NOTE_BYTES_MAX = 1024;
/** Names of objects have 253 characters at most; hash, sequence and two dots take 24 of them. */
const NAME_OF_SUBJECT_MAX = 220;
const HASH_DIGITS = 12;

/** Events about what belongs to no namespace are in `default`, where `kubectl describe node` looks for them. */
export function namespaceOf(regarding: Regarding): string {
  return regarding.kind === "Pod" ? regarding.namespace : "default";
}

/** What is the same for all occurrences of one thing, whichever agent process sees them. */
export function hashOf({ reason, regarding, key }: Telling): string {
  return createHash("sha256")
    .update(JSON.stringify([reason, regarding.uid, key]))
    .digest("hex")
    .slice(0, HASH_DIGITS);
}

/** The name of an Event: no two have the same, since no two have the same sequence. */
export function eventName({ name }: Regarding, hash: string, sequence: number): string {
  const subject = name.slice(0, NAME_OF_SUBJECT_MAX).replace(/[^a-z0-9]+$/, "");
  return `${subject}.${hash}.${sequence.toString(36)}`;
}

/** What an Event shows of `count` occurrences. @param at of the last one, milliseconds since 1970 */
export function seriesOf(count: number, at: number): EventSeries {
  return { count, lastObservedTime: microTime(at) };
}

/** The first writing of an Event, `count` occurrences together. */
export function eventBody(telling: Telling, written: { name: string; count: number; at: number; reportingInstance: string }): EventBody {
  const { type, action } = EVENT_CATALOGUE[telling.reason];
  return {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { name: written.name, namespace: namespaceOf(telling.regarding) },
    eventTime: microTime(written.at),
    type,
    reason: telling.reason,
    action,
    note: noteOf(telling),
    regarding: { apiVersion: "v1", ...telling.regarding },
    reportingController: CONTROLLER,
    reportingInstance: written.reportingInstance,
    ...(written.count > 1 && { series: seriesOf(written.count, written.at) }),
  };
}

/** Bytes of a telling's note that its Event has room for; what is longer is cut. */
export function noteRoom(reason: EventReason): number {
  return NOTE_BYTES_MAX - Buffer.byteLength(endOfNote(reason));
}

/** What was seen, what it means, what to do. */
function noteOf({ reason, note }: Telling): string {
  return `${cutToBytes(visibleText(note), noteRoom(reason))}${endOfNote(reason)}`;
}

function endOfNote(reason: EventReason): string {
  const { impact, remedy } = EVENT_CATALOGUE[reason];
  return ` ${impact} ${remedy}`.trimEnd();
}

function cutToBytes(text: string, max: number): string {
  if (Buffer.byteLength(text) <= max) return text;
  const ellipsis = "…";
  const bytes = Buffer.from(text).subarray(0, max - Buffer.byteLength(ellipsis));
  // a character that was cut in its middle
  return `${bytes.toString("utf8").replace(/\u{FFFD}+$/u, "")}${ellipsis}`;
}

/** k8s.io/apimachinery/pkg/apis/meta/v1/micro_time.go: six digits behind the point, no more and no fewer. */
function microTime(at: number): string {
  return new Date(at).toISOString().replace("Z", "000Z");
}
