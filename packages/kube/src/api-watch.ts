import type { IncomingMessage } from "node:http";
import type { ApiCall, ApiClient } from "./api-client.ts";
import type { Closable } from "./cluster-access.ts";

/** How long the API server keeps one watch open. */
const WATCH_SECONDS = 300;
/** Nothing heard for longer than a watch may live: the connection is dead, whatever it says. */
const SILENCE_MAX_MS = 330_000;
/** Pause before a watch is opened again; doubles while it keeps failing, so that a relist storm cannot begin. */
const PAUSE_MIN_MS = 250;
const PAUSE_MAX_MS = 10_000;
/** One event is one object; ours stay far below this. */
const LINE_BYTES_MAX = 8 * 1024 * 1024;

type WatchEvent = {
  readonly type?: string;
  readonly object?: { readonly metadata?: { readonly resourceVersion?: string }; readonly code?: number };
};

function parseEvent(line: string): WatchEvent | undefined {
  try {
    return JSON.parse(line) as WatchEvent;
  } catch {
    return undefined;
  }
}

/** Cuts an answer into lines; ends on its end, on a fault and on a line that is longer than any object of ours. */
function readLines(answer: IncomingMessage, end: () => void, onLine: (line: string) => void): void {
  let rest = "";
  answer.setEncoding("utf8");
  answer.on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LINE_BYTES_MAX) return end();
    for (const line of lines) onLine(line);
  });
  answer.on("end", end);
  answer.on("error", end);
}

/** What is watched; `fieldSelector` leaves some of its objects out. */
type Collection = { readonly path: string; readonly fieldSelector?: string };

function watchCall({ path, fieldSelector }: Collection, resourceVersion: string | undefined): ApiCall {
  const query = { watch: "1", allowWatchBookmarks: "true", timeoutSeconds: String(WATCH_SECONDS), resourceVersion, fieldSelector };
  return { method: "GET", path, query };
}

/**
 * Watches one collection and calls back on every change, until closed. It keeps no objects: an event only says "look again".
 *
 * States: open → (ended, failed, silent) → paused → open. It goes on from the last version seen; an expired version (410) is forgotten, which
 * makes the next watch begin with everything that there is.
 */
export function watchCollection(client: ApiClient, collection: Collection, onChange: () => void): Closable {
  let closed = false;
  let resourceVersion: string | undefined;
  let pauseMs = PAUSE_MIN_MS;
  let stream: Closable | undefined;
  let timer: NodeJS.Timeout | undefined;

  function reopen(): void {
    stream?.close();
    stream = undefined;
    clearTimeout(timer);
    if (closed) return;
    timer = setTimeout(open, pauseMs);
    timer.unref();
    pauseMs = Math.min(pauseMs * 2, PAUSE_MAX_MS);
  }

  function expectTraffic(): void {
    clearTimeout(timer);
    timer = setTimeout(reopen, SILENCE_MAX_MS);
    timer.unref();
  }

  function hear(line: string): void {
    const event = parseEvent(line);
    if (event === undefined || event.type === "ERROR") {
      resourceVersion = undefined;
      return reopen();
    }
    resourceVersion = event.object?.metadata?.resourceVersion ?? resourceVersion;
    pauseMs = PAUSE_MIN_MS;
    if (event.type !== "BOOKMARK") onChange();
  }

  function open(): void {
    expectTraffic();
    let isCurrent = true;
    const end = (): void => {
      if (!isCurrent) return;
      isCurrent = false;
      reopen();
    };
    const opened = client.stream(
      watchCall(collection, resourceVersion),
      (answer) => {
        if (answer.statusCode !== 200) {
          resourceVersion = undefined;
          answer.resume();
          return end();
        }
        readLines(answer, end, (line) => {
          expectTraffic();
          if (isCurrent && line !== "") hear(line);
        });
      },
      end,
    );
    stream = {
      close() {
        isCurrent = false;
        opened.close();
      },
    };
  }

  open();
  return {
    close() {
      closed = true;
      clearTimeout(timer);
      stream?.close();
    },
  };
}
