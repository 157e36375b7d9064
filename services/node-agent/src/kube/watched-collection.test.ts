import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { it } from "node:test";
import { createLogger } from "@hostrouting/runtime";
import { watchCollection } from "./watched-collection.ts";

const object = (name: string, size: number, noise = 0): object => ({ metadata: { name, noise }, size });
const event = (type: string, about: object): string => JSON.stringify({ type, object: about });

/** An API server with pages, whose one watch sends `lines` and then stays open. */
function server(pages: object[][], lines: string[]) {
  const asked: string[] = [];
  return {
    asked,
    async get(path: string): Promise<unknown> {
      asked.push(path);
      const at = Number(/continue=(\d+)/.exec(path)?.[1] ?? 0);
      return { metadata: { resourceVersion: "7", continue: at + 1 < pages.length ? String(at + 1) : "" }, items: pages[at] };
    },
    async watch(path: string, { signal, onLine }: { signal: AbortSignal; onLine: (line: string) => void }): Promise<void> {
      asked.push(path);
      for (const line of lines) onLine(line);
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    },
  };
}

it("reads every page, applies what the watch says, and tells differences only", async () => {
  const api = server(
    [
      [object("a", 1), object("b", 2)],
      [object("c", 3), object("ignored", 0)],
    ],
    [
      event("MODIFIED", object("a", 1, 99)),
      event("MODIFIED", object("b", 20)),
      event("DELETED", object("c", 3)),
      event("BOOKMARK", object("x", 5)),
      event("ADDED", object("d", 4)),
    ],
  );
  let changes = 0;
  const enough = Promise.withResolvers<void>();
  const watched = watchCollection<number>({
    api,
    collection: "/things",
    selector: "fieldSelector=x",
    read: (about) => (about as { size: number }).size || undefined,
    logger: createLogger("test", "silent"),
    onChange: () => void (++changes === 4 && enough.resolve()),
  });
  assert.equal(watched.items(), undefined);
  await enough.promise;
  assert.deepEqual(watched.items(), [1, 20, 4]);
  assert.deepEqual(api.asked, [
    "/things?limit=100&fieldSelector=x",
    "/things?limit=100&fieldSelector=x&continue=1",
    "/things?watch=1&timeoutSeconds=60&resourceVersion=7&fieldSelector=x",
  ]);
  await watched.stop();
  assert.equal(changes, 4);
});

it("leaves nothing behind of a pause that is over, however long a resource type or its server is away", async (t) => {
  const combined = AbortSignal.any.bind(AbortSignal);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  for (const get of [async () => undefined, () => Promise.reject(new Error("ECONNREFUSED"))]) {
    const signals = new Set<AbortSignal>();
    const any = t.mock.method(AbortSignal, "any", (of: AbortSignal[]) => {
      const made = combined(of);
      for (const signal of [...of, made]) signals.add(signal);
      return made;
    });
    const watched = watchCollection<number>({
      api: { get, watch: () => Promise.reject(new Error("not asked")) },
      collection: "/things",
      read: () => 1,
      logger: createLogger("test", "silent"),
      onChange: () => undefined,
    });
    for (let count = 0; count < 20; count += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      t.mock.timers.tick(1000);
    }
    const listeners = [...signals].reduce((sum, signal) => sum + getEventListeners(signal, "abort").length, 0);
    any.mock.restore();
    const stopped = watched.stop();
    t.mock.timers.tick(1000);
    await stopped;
    assert.ok(listeners <= 1, `${listeners} listeners after 20 pauses`);
  }
});
