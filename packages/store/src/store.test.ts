import { describe, test } from "node:test";
import { FakeStore } from "./fake-store.ts";
import { openStore } from "./open-store.ts";
import { storeContract } from "./testing/store-contract.ts";
import { makeDatabase, makeTestStore, registerTestCluster } from "./testing/test-store.ts";

const LEASES_MAX_MS = 3_600_000;

describe("the store on Postgres", () =>
  storeContract(async () => {
    const { store, clusterId, sql, close } = await makeTestStore();
    return {
      store,
      clusterId,
      expireLeases: () => sql("update cluster_lease set expires_at = clock_timestamp() - interval '1 second'"),
      reset: () =>
        sql(
          "update managed_cluster set active_operation_id = null; delete from operation; delete from cluster_lease; delete from node_rollout",
        ),
      reopen: (id) => sql(`update operation set phase = 'Rolling' where id = '${id}'`),
      close,
    };
  }));

describe("the store in memory", () =>
  storeContract(async () => {
    let nowMs = Date.parse("2026-01-01T00:00:00Z");
    const store = new FakeStore(() => nowMs);
    const clusterId = await registerTestCluster(store.clusters);
    return {
      store,
      clusterId,
      expireLeases: async () => void (nowMs += LEASES_MAX_MS),
      reset: async () => store.reset(),
      reopen: async (id) => store.updateOperation(id, { phase: "Rolling" }),
      close: async () => {},
    };
  }));

describe("migrations", () => {
  test("may be run by several processes at once", async () => {
    const database = await makeDatabase();
    try {
      const stores = await Promise.all(Array.from({ length: 5 }, () => openStore(database.url, () => {})));
      await Promise.all(stores.map((store) => store.ping()));
      await Promise.all(stores.map((store) => store.close()));
    } finally {
      await database.drop();
    }
  });
});
