import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { as, type ClusterId } from "@hostrouting/domain";
import { createLogger } from "@hostrouting/runtime";
import { Client } from "pg";
import { postgresDoorbell } from "./postgres-doorbell.ts";

const adminUrl = process.env["HOSTROUTING_TEST_DATABASE_URL"] ?? "";
assert.notEqual(adminUrl, "", "HOSTROUTING_TEST_DATABASE_URL names a Postgres on which databases may be created");
const name = `doorbell_${randomBytes(6).toString("hex")}`;
const url = new URL(adminUrl);
url.pathname = `/${name}`;
const logger = createLogger("test", "silent");
const CLUSTER = as<ClusterId>("/subscriptions/s/resourcegroups/g/providers/microsoft.containerservice/managedclusters/c");

async function administer(statement: string): Promise<void> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}

before(() => administer(`create database ${name}`));
after(() => administer(`drop database ${name} with (force)`));

/** A listener, and a promise of the next ring that it hears. */
function ear(): { listener: (id: ClusterId) => void; next(): Promise<ClusterId> } {
  let resolve: (id: ClusterId) => void = () => {};
  let heard = new Promise<ClusterId>((done) => (resolve = done));
  return {
    listener: (id) => resolve(id),
    async next() {
      const id = await heard;
      heard = new Promise((done) => (resolve = done));
      return id;
    },
  };
}

test("a ring is heard with its id, by everyone who listens", { timeout: 10_000 }, async () => {
  const [ringing, first, second] = [
    postgresDoorbell(url.href, logger),
    postgresDoorbell(url.href, logger),
    postgresDoorbell(url.href, logger),
  ];
  const ears = [ear(), ear()] as const;
  await first.hear(ears[0].listener);
  await second.hear(ears[1].listener);
  await ringing.ring(CLUSTER);
  assert.deepEqual(await Promise.all(ears.map((each) => each.next())), [CLUSTER, CLUSTER]);
  await Promise.all([ringing.close(), first.close(), second.close()]);
});

test("a listener whose connection was cut hears again", { timeout: 20_000 }, async () => {
  const [ringing, hearing] = [postgresDoorbell(url.href, logger), postgresDoorbell(url.href, logger)];
  const { listener, next } = ear();
  await hearing.hear(listener);
  const heard = next();
  await administer(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}' and query like 'listen%'`);
  const again = setInterval(() => void ringing.ring(CLUSTER), 100);
  assert.equal(await heard, CLUSTER);
  clearInterval(again);
  await Promise.all([ringing.close(), hearing.close()]);
});

test("ringing never throws, even when the database is not there", { timeout: 10_000 }, async () => {
  const nowhere = new URL(url);
  nowhere.pathname = "/no_such_database";
  const bell = postgresDoorbell(nowhere.href, logger);
  await bell.ring(CLUSTER);
  await bell.close();
});
