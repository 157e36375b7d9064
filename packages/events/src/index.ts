/**
 * Kubernetes Events as `events.k8s.io/v1` takes them: their names, notes and series. What is worth an Event, how often it is told and by which
 * connection is decided by whoever writes it.
 */
export {
  eventHash,
  eventName,
  eventNamespace,
  eventNoteRoom,
  eventObject,
  eventSeries,
  type EventKind,
  type EventObject,
  type EventOccurrence,
  type EventRegarding,
  type EventSeries,
} from "./event-object.ts";
