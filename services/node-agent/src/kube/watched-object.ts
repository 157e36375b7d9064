import { explain } from "@hostrouting/domain";
import type { Logger } from "@hostrouting/runtime";
import type { ClusterApi } from "./cluster-api.ts";

/** Each watch ends after a minute and is begun anew from a list: a connection that died silently costs a minute at most. */
const WATCH_SECONDS = 60;
const WATCH_TIMEOUT_MS = (WATCH_SECONDS + 10) * 1000;
const FAULT_PAUSE_MS = 1000;

/** A custom resource as far as the agent reads it. */
export type Resource<Spec> = { metadata: { name: string; uid: string; resourceVersion: string }; spec: Spec };

/** Follows one cluster-scoped object. `current()`: undefined = not known yet, null = there is none. */
export type WatchedObject<Spec> = { current(): Resource<Spec> | null | undefined; stop(): Promise<void> };

/** Starts to follow `collection`/`name`; `onChange` comes after every difference. Faults are logged and tried again. */
export function watchObject<Spec>(options: {
  api: ClusterApi;
  collection: string;
  name: string;
  logger: Logger;
  onChange: () => void;
}): WatchedObject<Spec> {
  const { api, collection, name, logger, onChange } = options;
  const ended = new AbortController();
  let current: Resource<Spec> | null | undefined;
  const set = (next: Resource<Spec> | null): void => {
    const changed = current === undefined || current?.metadata.resourceVersion !== next?.metadata.resourceVersion;
    current = next;
    if (changed) onChange();
  };
  const selector = `fieldSelector=metadata.name%3D${encodeURIComponent(name)}`;
  const followOnce = async (): Promise<void> => {
    const list = (await api.get(`${collection}?${selector}`)) as
      | { metadata: { resourceVersion: string }; items: Resource<Spec>[] }
      | undefined;
    set(list?.items[0] ?? null);
    if (!list) return pause(FAULT_PAUSE_MS, ended.signal); // the resource type itself is not there yet
    const query = `watch=1&timeoutSeconds=${WATCH_SECONDS}&resourceVersion=${list.metadata.resourceVersion}&${selector}`;
    const onLine = (line: string): void => {
      const event = JSON.parse(line) as { type: string; object: Resource<Spec> };
      if (event.type === "DELETED") set(null);
      else if (event.type === "ADDED" || event.type === "MODIFIED") set(event.object);
    };
    await api.watch(`${collection}?${query}`, { timeoutMs: WATCH_TIMEOUT_MS, signal: ended.signal, onLine });
  };
  const running = (async () => {
    while (!ended.signal.aborted)
      try {
        await followOnce();
      } catch (error) {
        if (ended.signal.aborted) return;
        logger.warn({ cause: explain(error), collection }, "watch broke off, will begin again");
        await pause(FAULT_PAUSE_MS, ended.signal);
      }
  })();
  return {
    current: () => current,
    async stop() {
      ended.abort();
      await running;
    },
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
