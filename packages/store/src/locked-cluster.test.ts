import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FakeStore } from "./fake-store.ts";
import type { Aggregates } from "./open-store.ts";
import { makeTestStore, registerTestCluster } from "./testing/test-store.ts";
import type { ClusterId } from "@hostrouting/domain";

type Tested = { readonly store: Pick<Aggregates, "clusters" | "provisioning">; readonly clusterId: ClusterId; close(): Promise<void> };

const AT_ONCE = 8;

async function inMemory(): Promise<Tested> {
  const store = new FakeStore(() => Date.parse("2026-01-01T00:00:00Z"));
  return { store, clusterId: await registerTestCluster(store.clusters), close: async () => undefined };
}

for (const [name, make] of [
  ["on Postgres", makeTestStore],
  ["in memory", inMemory],
] as const)
  void describe(`a locked cluster ${name}`, () => {
    void test("is told with what those before it wrote, of itself and beside it, also by who waited for the lock", async () => {
      const { store, clusterId, close }: Tested = await make();
      try {
        const count = (): Promise<readonly (number | undefined)[]> =>
          store.clusters.change(clusterId, (locked) => {
            assert.ok(locked);
            const seen = [Number(locked.cluster.tags["n"] ?? 0), Object.keys(locked.maintenance).length, locked.provisioning?.wanted];
            const next = (seen[0] ?? 0) + 1;
            const hours = { timeInWeek: [{ day: "Monday" as const, hourSlots: [next] }], notAllowedTime: [] };
            const cluster = { ...locked.cluster, tags: { n: String(next) } };
            const maintenance = { ...locked.maintenance, [`c${next}`]: hours };
            const provision = { provider: "lab", present: true, generation: next } as const;
            return { result: seen, change: { cluster, maintenance, rolloutPolicy: { maxUnavailable: next }, provision, history: [] } };
          });
        const told = await Promise.all(Array.from({ length: AT_ONCE }, count));
        assert.deepEqual(
          told.toSorted(([a = 0], [b = 0]) => a - b),
          Array.from({ length: AT_ONCE }, (_, n) => [n, n, n === 0 ? undefined : n]),
        );
        const last = await store.clusters.change(clusterId, (locked) => ({ result: locked }));
        assert.deepEqual(last?.rolloutPolicy, { maxUnavailable: AT_ONCE });
        assert.deepEqual(last?.provisioning, await store.provisioning.get(clusterId));
      } finally {
        await close();
      }
    });
  });
