import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  as,
  type AdmissionLimits,
  type ClusterId,
  type Instant,
  type OperationId,
  type OperationPhase,
  type OperationRest,
} from "@hostrouting/domain";
import { FakeStore } from "./fake-store.ts";
import type { Store } from "./open-store.ts";
import type { RecordOutcome } from "./rounds.ts";
import { beginning, emptyStatus, makeTestStore, registerTestCluster } from "./testing/test-store.ts";

type Kept = Pick<Store, "clusters" | "leases" | "operations" | "rounds">;
type Begun = { readonly clusterId: ClusterId; readonly id: OperationId };

const TWO: AdmissionLimits = { global: 2, subscription: 10, region: 10 };

/** A clock on which nothing happens at once. */
function ticking(): () => number {
  let now = Date.parse("2026-01-01T00:00:00Z");
  return () => (now += 1);
}

const stores: readonly { readonly name: string; make(): Promise<{ store: Kept; close(): Promise<void> }> }[] = [
  { name: "Postgres", make: makeTestStore },
  { name: "memory", make: async () => ({ store: new FakeStore(ticking()), close: async () => {} }) },
];

async function begin(store: Kept, name: string): Promise<Begun> {
  const clusterId = await registerTestCluster(store.clusters, name);
  const change = beginning();
  await store.clusters.change(clusterId, (locked) => {
    assert.ok(locked);
    return { result: undefined, change: { ...change, cluster: { ...locked.cluster, activeOperationId: change.begin.id } } };
  });
  return { clusterId, id: change.begin.id };
}

/** A round of a worker that read the operation and decided this phase. */
async function go(
  store: Kept,
  { clusterId, id }: Begun,
  to: { phase: OperationPhase; takesPlace?: AdmissionLimits; rest?: OperationRest },
): Promise<RecordOutcome> {
  const { takesPlace, phase, rest } = to;
  const lease = await store.leases.acquire(clusterId, "w", 60_000);
  const operation = await store.operations.get(id);
  assert.ok(lease && operation);
  const record = {
    nodes: [],
    status: emptyStatus,
    lookAgainInMs: 1_000,
    history: [],
    operation: { ...operation, phase, control: { rest } },
  };
  return store.rounds.record(clusterId, lease.token, takesPlace === undefined ? record : { ...record, takesPlace });
}

for (const { name, make } of stores)
  describe(`places in the store on ${name}`, () => {
    test("are as many as there are, however many workers take them at once", { timeout: 60_000 }, async () => {
      const { store, close } = await make();
      try {
        const begun: Begun[] = [];
        for (let n = 0; n < 8; n += 1) begun.push(await begin(store, `c${n}`));
        const outcomes = await Promise.all(begun.map((each) => go(store, each, { phase: "Validating", takesPlace: TWO })));
        assert.deepEqual(
          outcomes.map((outcome) => outcome === "Recorded"),
          begun.map((_, at) => at < 2),
          "the two oldest, whoever came first",
        );
        const last = begun[7];
        assert.ok(last);
        assert.deepEqual(await store.rounds.admission({ operationId: last.id, limits: TWO }), {
          kind: "Waits",
          position: 6,
          full: [{ scope: "Global", limit: 2 }],
        });
      } finally {
        await close();
      }
    });

    test("are free as soon as an operation has ended or rests", { timeout: 60_000 }, async () => {
      const { store, close } = await make();
      try {
        const [first, second, third, fourth] = [
          await begin(store, "a"),
          await begin(store, "b"),
          await begin(store, "c"),
          await begin(store, "d"),
        ];
        for (const each of [first, second]) assert.equal(await go(store, each, { phase: "Validating", takesPlace: TWO }), "Recorded");
        assert.equal(await go(store, third, { phase: "Validating", takesPlace: TWO }), "OperationMovedOn");
        assert.equal(await go(store, first, { phase: "Failed" }), "Recorded");
        assert.equal(await go(store, third, { phase: "Validating", takesPlace: TWO }), "Recorded");
        assert.equal(await go(store, fourth, { phase: "Validating", takesPlace: TWO }), "OperationMovedOn");
        assert.equal(await go(store, second, { phase: "Paused" }), "Recorded");
        // Resumed already (nothing pauses it any more), the second is older than the fourth.
        assert.deepEqual(await store.rounds.admission({ operationId: second.id, limits: TWO }), { kind: "Admitted" });
        assert.equal(await go(store, fourth, { phase: "Validating", takesPlace: TWO }), "OperationMovedOn");
        assert.equal(await go(store, second, { phase: "Rolling", takesPlace: TWO }), "Recorded");
      } finally {
        await close();
      }
    });

    test("are free while an operation rests, and taken again before it goes on", { timeout: 60_000 }, async () => {
      const { store, close } = await make();
      try {
        const [first, second, third] = [await begin(store, "a"), await begin(store, "b"), await begin(store, "c")];
        const since = as<Instant>(0);
        const ONE = { ...TWO, global: 1 };
        assert.equal(await go(store, first, { phase: "Validating", takesPlace: ONE }), "Recorded");
        assert.equal(await go(store, second, { phase: "Validating", takesPlace: ONE }), "OperationMovedOn");
        assert.equal(await go(store, first, { phase: "Validating", rest: { since, isOver: false } }), "Recorded");
        assert.equal(await go(store, second, { phase: "Validating", takesPlace: ONE }), "Recorded");
        assert.equal(await go(store, first, { phase: "Validating", rest: { since, isOver: true } }), "Recorded");
        assert.equal(await go(store, first, { phase: "Preparing", takesPlace: ONE }), "OperationMovedOn");
        assert.equal(await go(store, second, { phase: "Succeeded" }), "Recorded");
        assert.equal(await go(store, third, { phase: "Validating", takesPlace: ONE }), "OperationMovedOn", "the first is older");
        assert.equal(await go(store, first, { phase: "Preparing", takesPlace: ONE }), "Recorded");
      } finally {
        await close();
      }
    });
  });
