import { explain } from "@hostrouting/domain";
import type { Logger } from "@hostrouting/runtime";
import type { ClusterApi } from "./cluster-api.ts";

/** Each watch ends after a minute and is begun anew from a list: a connection that died silently costs a minute at most. */
const WATCH_SECONDS = 60;
const WATCH_TIMEOUT_MS = (WATCH_SECONDS + 10) * 1000;
const FAULT_PAUSE_MS = 1000;
/** Objects per page: 100 pods of 10 KiB each stay well below what one answer may hold. */
const PAGE_SIZE = 100;

/** Follows a collection. `items()`: undefined = not known yet. Only what `read` answers is kept of an object. */
export type WatchedCollection<Item> = {
  items(): readonly Item[] | undefined;
  state(): CollectionState;
  /** Reads the whole collection anew, as it is now or later; `onChange` comes when that is done. */
  again(): void;
  /** Whether it was read since it was last asked for. */
  isCurrent(): boolean;
  stop(): Promise<void>;
};

/** Whether a collection was read, is not there at all, or is not known yet, and then what the last attempt said. */
export type CollectionState = { state: "Unknown" | "Absent" | "Read"; fault?: string };

/**
 * What to follow. `selector` is a query such as `fieldSelector=…`; `read` answers undefined for objects that do not matter. `absentPauseMs`: how
 * long to wait for a resource type that is not there, a second unless said.
 */
export type CollectionOptions<Item> = {
  api: Pick<ClusterApi, "get" | "watch">;
  collection: string;
  selector?: string;
  read: (object: unknown) => Item | undefined;
  logger: Logger;
  onChange: () => void;
  absentPauseMs?: number;
};

type Listed = { metadata: { resourceVersion: string; continue?: string }; items: unknown[] };

/** Starts to follow a collection; `onChange` comes after every difference in what `read` answers. Faults are logged and tried again. */
export function watchCollection<Item>(options: CollectionOptions<Item>): WatchedCollection<Item> {
  const { api, collection, logger, selector = "", absentPauseMs = FAULT_PAUSE_MS } = options;
  const ended = new AbortController();
  let round = new AbortController();
  let state: CollectionState = { state: "Unknown" };
  const reads = { asked: 0, answered: 0 };
  const kept = new KeptItems(options);
  const followOnce = async (): Promise<void> => {
    round = new AbortController();
    const signal = AbortSignal.any([ended.signal, round.signal]);
    const { asked } = reads;
    const listed = await listAll(api, `${collection}?limit=${PAGE_SIZE}&${selector}`);
    state = { state: listed ? "Read" : "Absent" };
    kept.replace(listed?.items ?? []);
    if (reads.answered !== asked) {
      reads.answered = asked;
      options.onChange();
    }
    if (signal.aborted) return;
    if (!listed) return pause(absentPauseMs, signal); // the resource type itself is not there yet
    const query = `watch=1&timeoutSeconds=${WATCH_SECONDS}&resourceVersion=${listed.resourceVersion}&${selector}`;
    const onLine = (line: string): void => kept.apply(JSON.parse(line) as { type: string; object: unknown });
    await api.watch(`${collection}?${query}`, { timeoutMs: WATCH_TIMEOUT_MS, signal, onLine });
  };
  const running = (async () => {
    while (!ended.signal.aborted)
      try {
        await followOnce();
      } catch (error) {
        if (ended.signal.aborted) return;
        if (round.signal.aborted) continue;
        const fault = explain(error);
        if (state.state === "Unknown") state = { state: "Unknown", fault };
        logger.warn({ cause: fault, collection }, "watch broke off, will begin again");
        await pause(FAULT_PAUSE_MS, ended.signal);
      }
  })();
  return {
    items: () => kept.items(),
    state: () => state,
    again() {
      reads.asked++;
      round.abort();
    },
    isCurrent: () => reads.answered === reads.asked,
    async stop() {
      ended.abort();
      await running;
    },
  };
}

/** Every page of a list; undefined when the resource type is not there. */
async function listAll(api: Pick<ClusterApi, "get">, path: string): Promise<{ items: unknown[]; resourceVersion: string } | undefined> {
  const items: unknown[] = [];
  for (let next = ""; ;) {
    const page = (await api.get(`${path}${next}`)) as Listed | undefined;
    if (!page) return undefined;
    items.push(...page.items);
    if (!page.metadata.continue) return { items, resourceVersion: page.metadata.resourceVersion };
    next = `&continue=${encodeURIComponent(page.metadata.continue)}`;
  }
}

/** What is kept of a collection's objects, by namespace and name. */
class KeptItems<Item> {
  readonly #options: CollectionOptions<Item>;
  #byKey: Map<string, Item> | undefined;

  constructor(options: CollectionOptions<Item>) {
    this.#options = options;
  }

  items(): readonly Item[] | undefined {
    return this.#byKey && [...this.#byKey.values()];
  }

  replace(objects: readonly unknown[]): void {
    const next = new Map<string, Item>();
    for (const object of objects) {
      const item = this.#options.read(object);
      if (item !== undefined) next.set(keyOf(object), item);
    }
    const changed = JSON.stringify([...(this.#byKey ?? [])]) !== JSON.stringify([...next]) || this.#byKey === undefined;
    this.#byKey = next;
    if (changed) this.#options.onChange();
  }

  apply(event: { type: string; object: unknown }): void {
    if (!this.#byKey || !["ADDED", "MODIFIED", "DELETED"].includes(event.type)) return;
    const key = keyOf(event.object);
    const item = event.type === "DELETED" ? undefined : this.#options.read(event.object);
    const changed = JSON.stringify(this.#byKey.get(key)) !== JSON.stringify(item);
    if (item === undefined) this.#byKey.delete(key);
    else this.#byKey.set(key, item);
    if (changed) this.#options.onChange();
  }
}

function keyOf(object: unknown): string {
  const { metadata } = object as { metadata: { namespace?: string; name: string } };
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end); // who listens keeps a signal, and himself, for as long as it may be aborted
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}
