import type { IncomingMessage } from "node:http";
import type { Timers } from "@hostrouting/runtime";
import type { ApiCall, ApiClient } from "./api-client.ts";
import type { Closable } from "./cluster-access.ts";

/** How long the API server keeps one watch open. */
const WATCH_SECONDS = 300;
/** Bookmarks come once a minute: whoever hears nothing for longer may be at the end of a connection that nobody sends into. */
const SILENCE_MAX_MS = 90_000;
/** One event is one object; ours stay far below this. */
const LINE_BYTES_MAX = 8 * 1024 * 1024;

/** A collection, or the part of it that selectors leave. */
export type Collection = { readonly path: string; readonly fieldSelector?: string; readonly labelSelector?: string };

/** An object as far as every kind has it. */
export type Versioned = { readonly metadata?: { readonly name?: string | undefined; readonly resourceVersion?: string | undefined } };

/** What happened to an object. A bookmark's object has nothing but its version. */
export type WatchEvent = { readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK"; readonly object: Versioned };

/**
 * Why a watch is over. `Ended`: its time was up. `Failed`: no connection, silence, or an answer that the server is in no state to serve.
 * `Expired`: what came since the version that was asked for cannot be told any more, or not by this watch.
 */
export type WatchEnd = "Ended" | "Failed" | "Expired";

/** Who hears of a watch. `onEnd` is called once, and nothing after it. */
export type WatchListener = { onOpen(): void; onEvent(event: WatchEvent): void; onEnd(end: WatchEnd): void };

const EVENTS: ReadonlySet<unknown> = new Set(["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]);

function parseEvent(line: string): WatchEvent | undefined {
  try {
    const event = JSON.parse(line) as { readonly type?: unknown; readonly object?: unknown };
    return EVENTS.has(event.type) && typeof event.object === "object" && event.object !== null ? (event as WatchEvent) : undefined;
  } catch {
    return undefined;
  }
}

/** Cuts an answer into lines; ends on its end, on a fault and on a line that is longer than any object of ours. */
function readLines(answer: IncomingMessage, end: (end: WatchEnd) => void, onLine: (line: string) => void): void {
  let rest = "";
  answer.setEncoding("utf8");
  answer.on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") onLine(line);
    if (rest.length > LINE_BYTES_MAX) end("Expired");
  });
  answer.on("end", () => end("Ended"));
  answer.on("error", () => end("Failed"));
}

/** What an answer that is no stream says: a version that is too old (410) and what may not be watched (other 4xx) are not asked for again. */
function endOf(status: number | undefined): WatchEnd {
  const isBusy = status === undefined || status === 429 || status >= 500;
  return isBusy ? "Failed" : "Expired";
}

function watchCall({ path, ...selectors }: Collection, resourceVersion: string): ApiCall {
  const query = { watch: "1", allowWatchBookmarks: "true", timeoutSeconds: String(WATCH_SECONDS), resourceVersion, ...selectors };
  return { method: "GET", path, query };
}

/** Opens one watch of what happens to a collection after a version; it is not opened again when it is over. */
export function openWatch(
  { client, timers }: { readonly client: Pick<ApiClient, "stream">; readonly timers: Pick<Timers, "after"> },
  { collection, resourceVersion }: { readonly collection: Collection; readonly resourceVersion: string },
  listener: WatchListener,
): Closable {
  let isOver = false;
  let callOff = (): void => {};
  const opened: { stream?: Closable } = {};
  const close = (): void => {
    isOver = true;
    callOff();
    opened.stream?.close();
  };
  const end = (how: WatchEnd): void => {
    if (isOver) return;
    close();
    listener.onEnd(how);
  };
  const expectTraffic = (): void => {
    callOff();
    callOff = timers.after(SILENCE_MAX_MS, () => end("Failed"));
  };
  expectTraffic();
  opened.stream = client.stream(
    watchCall(collection, resourceVersion),
    (answer) => {
      if (answer.statusCode !== 200) {
        answer.resume();
        return end(endOf(answer.statusCode));
      }
      if (isOver) return;
      listener.onOpen();
      readLines(answer, end, (line) => {
        if (isOver) return;
        expectTraffic();
        const event = parseEvent(line);
        if (event === undefined) end("Expired");
        else listener.onEvent(event);
      });
    },
    () => end("Failed"),
  );
  // It may have been over before there was something to close.
  if (isOver) opened.stream.close();
  return { close };
}
