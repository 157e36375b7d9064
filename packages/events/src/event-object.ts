import { createHash } from "node:crypto";
import { visibleText } from "@hostrouting/domain";

/** k8s.io/kubernetes/pkg/apis/core/validation/events.go, NoteLengthLimit: bytes. */
const NOTE_BYTES_MAX = 1024;
/** Names of objects have 253 characters at most; hash, sequence and two dots take 24 of them. */
const NAME_OF_SUBJECT_MAX = 220;
const HASH_DIGITS = 12;

/** The object that an Event is about. `uid` and `namespace` are absent where there is none. */
export type EventRegarding = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid?: string;
  readonly namespace?: string;
};

/** How often something was seen, twice at least, and when last. */
export type EventSeries = { readonly count: number; readonly lastObservedTime: string };

/** An Event as `events.k8s.io/v1` takes it. k8s.io/api/events/v1/types.go */
export type EventObject = {
  readonly apiVersion: "events.k8s.io/v1";
  readonly kind: "Event";
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly eventTime: string;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly action: string;
  readonly note: string;
  readonly regarding: EventRegarding;
  readonly reportingController: string;
  readonly reportingInstance: string;
  readonly series?: EventSeries;
};

/** What every Event of one reason has in common. `action`: what the writer did. `impact` and `remedy` end its note; `remedy` is empty when nothing is to be done. */
export type EventKind = { readonly type: "Normal" | "Warning"; readonly action: string; readonly impact: string; readonly remedy: string };

/** An Event's own part: what was seen, how often, when last (milliseconds since 1970), and who says so. */
export type EventOccurrence = {
  readonly reason: string;
  readonly regarding: EventRegarding;
  readonly note: string;
  readonly name: string;
  readonly count: number;
  readonly at: number;
  /** Controller, as `hostrouting.acns.azure.com/…`, and its process. */
  readonly reporter: { readonly controller: string; readonly instance: string };
};

/** Events about what belongs to no namespace are in `default`, where `kubectl describe` looks for them. */
export function eventNamespace(regarding: Pick<EventRegarding, "kind" | "namespace">): string {
  return regarding.namespace ?? "default";
}

/** What is the same for all occurrences of one thing, whichever process sees them. */
export function eventHash(parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, HASH_DIGITS);
}

/** The name of an Event: no two have the same, when no two have the same sequence. */
export function eventName(subject: string, hash: string, sequence: number): string {
  return `${subject.slice(0, NAME_OF_SUBJECT_MAX).replace(/[^a-z0-9]+$/, "")}.${hash}.${sequence.toString(36)}`;
}

/** What an Event shows of `count` occurrences. @param at of the last one, milliseconds since 1970 */
export function eventSeries(count: number, at: number): EventSeries {
  return { count, lastObservedTime: microTime(at) };
}

/** The first writing of an Event, all occurrences until now together. */
export function eventObject(kind: EventKind, occurrence: EventOccurrence): EventObject {
  const { reason, regarding, note, name, count, at, reporter } = occurrence;
  return {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { name, namespace: eventNamespace(regarding) },
    eventTime: microTime(at),
    type: kind.type,
    reason,
    action: kind.action,
    note: `${cutToBytes(visibleText(note), eventNoteRoom(kind))}${endOfNote(kind)}`,
    regarding,
    reportingController: reporter.controller,
    reportingInstance: reporter.instance,
    ...(count > 1 && { series: eventSeries(count, at) }),
  };
}

/** Bytes that an Event's note has room for beside what its kind adds; what is longer is cut. */
export function eventNoteRoom(kind: EventKind): number {
  return NOTE_BYTES_MAX - Buffer.byteLength(endOfNote(kind));
}

function endOfNote({ impact, remedy }: EventKind): string {
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
