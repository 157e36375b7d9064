import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FakeStore } from "./fake-store.ts";
import { openStore } from "./open-store.ts";
import { storeContract } from "./testing/store-contract.ts";
import { makeDatabase, makeTestStore, registerTestCluster } from "./testing/test-store.ts";

const LEASES_MAX_MS = 3_600_000;
const AGED = ":age";

describe("the store on Postgres", () =>
  storeContract(async () => {
    const { store, clusterId, sql, close } = await makeTestStore();
    return {
      store,
      clusterId,
      expireLeases: () =>
        sql(
          ["cluster_lease", "provisioning"]
            .map((table) => `update ${table} set expires_at = clock_timestamp() - interval '1 second' where expires_at is not null`)
            .join(";"),
        ),
      reset: () =>
        sql(
          "update managed_cluster set active_operation_id = null; delete from operation; delete from cluster_lease; delete from node_rollout; delete from assessment",
        ),
      age: (ms) =>
        sql(
          `update usage_interval set opened_at = opened_at - ${AGED}, charged_until = charged_until - ${AGED} where closed_at is null;
          update cluster_round set usage_seen_at = usage_seen_at - ${AGED}, look_again_at = look_again_at - ${AGED};
          update provisioning set look_again_at = look_again_at - ${AGED};
          update assessment set requested_at = requested_at - ${AGED}`.replaceAll(AGED, `interval '${ms} milliseconds'`),
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
      age: async (ms) => void (nowMs += ms),
      reset: async () => store.reset(),
      reopen: async (id) => store.updateOperation(id, { phase: "Rolling" }),
      close: async () => {},
    };
  }));

describe("charges on Postgres", () => {
  test("never change: neither updates nor deletions", async () => {
    const { clusterId, sql, close } = await makeTestStore();
    try {
      const values = `'${clusterId}', 'u', now(), '2026-03-01', false, 'p', 1000`;
      await sql(`insert into usage_charge (cluster_id, node_uid, opened_at, day, is_correction, pool, ms) values (${values})`);
      for (const statement of ["update usage_charge set ms = 1", "delete from usage_charge"])
        await assert.rejects(async () => sql(statement), /a charge never changes/);
    } finally {
      await close();
    }
  });
});

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
