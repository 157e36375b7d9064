import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Kysely, PostgresDialect, sql } from "kysely";
import { Pool, type Client } from "pg";
import { PreparingClient, statement } from "./prepared-statements.ts";
import type { Tables } from "./tables.ts";
import { makeTestStore, SUBSCRIPTION, type TestStore } from "./testing/test-store.ts";

let tested: TestStore;
let client: Client;
before(async () => {
  tested = await makeTestStore();
  client = new PreparingClient({ connectionString: tested.url });
  await client.connect();
});
after(async () => {
  await client.end();
  await tested.close();
});

const kept = async (): Promise<unknown[]> => (await client.query("select name from pg_prepared_statements order by name")).rows;

test("a connection keeps the statements that are marked, under their names, and no other", async () => {
  for (const [text, value] of [
    ["/* prepared front */ select $1::int as found", 1],
    ["/* prepared front */ select $1::int as found", 2],
    ["select /* prepared after-select */ $1::int as found", 3],
    ["select distinct on (found) /* prepared after-distinct */ $1::int as found", 3],
    ["select $1::int as found", 4],
    ["select $1::int as found /* prepared too-late */", 5],
  ] as const)
    assert.deepEqual((await client.query(text, [value])).rows, [{ found: value }], text);
  assert.deepEqual(await kept(), [{ name: "after-distinct" }, { name: "after-select" }, { name: "front" }]);
});

test("one name is one text", async () => {
  await client.query("/* prepared same */ select $1::int", [1]);
  await assert.rejects(client.query("/* prepared same */ select $1::int + 1", [1]), /must be unique/);
});

test("a statement that is written out once is sent with the values of each time, and fails as the database says", async () => {
  const db = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool: new Pool({ connectionString: tested.url, Client: PreparingClient }) }),
  });
  const quotient = statement(
    "quotient",
    ({ by, of }: { readonly by: number; readonly of: number }) => sql<{ found: number }>`
    select ${of}::int / ${by}::int as found where ${"fixed"} <> ${of}::text`,
  );
  assert.deepEqual(await quotient(db, { of: 12, by: 3 }), [{ found: 4 }]);
  await assert.rejects(quotient(db, { of: 12, by: 0 }), { code: "22012" });
  assert.deepEqual(await quotient(db, { of: 12, by: 6 }), [{ found: 2 }]);
  assert.deepEqual((await sql`select name from pg_prepared_statements`.execute(db)).rows, [{ name: "quotient" }]);
  await db.destroy();
});

const REMOVAL = "22222222-2222-4222-8222-222222222222";
const GONE = "33333333-3333-4333-8333-333333333333";

/** What a later process's migrations may do to the tables of statements that are kept. */
const MIGRATIONS = [
  "subscription add column later int",
  "resource_group add column later int",
  "role_assignment add column later int",
  "managed_cluster add column later int",
  "cluster_round add column later int",
  "provisioning add column later int",
  "group_removal add column later int",
  "history alter column kind type varchar(900)",
];

test("statements that are kept go on while another process migrates their tables", async () => {
  const { store, clusterId } = tested;
  const grants = { tenantId: "t", principalId: "p", scope: clusterId, below: false };
  const round = async (kind: string): Promise<unknown> => {
    const { subscription, cluster } = await store.directory.scope({
      subscriptionId: SUBSCRIPTION,
      resourceGroup: "G",
      grants,
      cluster: clusterId,
    });
    const change = { history: [{ kind, data: {} }] };
    const name = await store.clusters.change(clusterId, (locked) => ({ result: locked?.cluster.name, change }));
    const going = [...(await store.groupRemovals.open(9)), ...(await store.subscriptions.deleted(9))].map(({ id }) => id);
    return [...going, subscription?.id, cluster?.name, (await store.clusters.get(clusterId))?.name, name];
  };
  const by = { tenantId: "t", objectId: "o", name: "n", type: "User" } as const;
  await store.groupRemovals.begin({ id: REMOVAL, subscriptionId: SUBSCRIPTION, name: "G", by, correlationId: "c" });
  await store.subscriptions.tell({ id: GONE, state: "Deleted", registrationDate: "2026-01-01T00:00:00Z", tenantId: "t", properties: {} });
  await store.directory.registerResourceGroup({ subscriptionId: GONE, displayName: "Left", location: "local" });
  for (const migration of ["", ...MIGRATIONS]) {
    if (migration !== "") await tested.sql(`alter table ${migration}`);
    assert.deepEqual(await round(migration), [REMOVAL, GONE, SUBSCRIPTION, "c", "c", "c"], migration);
  }
  const kinds = (await store.clusters.history(clusterId, { afterSeq: 0, limit: 100 })).map(({ kind }) => kind);
  assert.deepEqual(kinds, ["", ...MIGRATIONS]);
});
