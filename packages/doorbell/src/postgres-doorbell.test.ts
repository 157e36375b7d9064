import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { as, type ClusterId } from "@hostrouting/domain";
import { createLogger } from "@hostrouting/runtime";
import { Client } from "pg";
import { postgresDoorbell } from "./postgres-doorbell.ts";
import { ear } from "./testing/ear.ts";

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

test("a ring is heard with its id, by everyone who listens", { timeout: 60_000 }, async () => {
  const [ringing, first, second] = [
    postgresDoorbell(url.href, logger),
    postgresDoorbell(url.href, logger),
    postgresDoorbell(url.href, logger),
  ];
  const ears = [ear(), ear()] as const;
  await first.hear(ears[0].listener);
  await second.hear(ears[1].listener);
  await ringing.ring(CLUSTER);
  await Promise.all(ears.map((each) => each.count(1)));
  assert.deepEqual([...ears[0].heard, ...ears[1].heard], [CLUSTER, CLUSTER]);
  await Promise.all([ringing.close(), first.close(), second.close()]);
});
