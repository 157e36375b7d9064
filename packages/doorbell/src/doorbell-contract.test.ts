import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { as, type ClusterId } from "@hostrouting/domain";
import { createLogger } from "@hostrouting/runtime";
import { Client } from "pg";
import type { Doorbell } from "./doorbell.ts";
import { openDoorbell } from "./open-doorbell.ts";
import { ear } from "./testing/ear.ts";
import { startTestRedis, type TestRedis } from "./testing/test-redis.ts";

const adminUrl = process.env["HOSTROUTING_TEST_DATABASE_URL"] ?? "";
assert.notEqual(adminUrl, "", "HOSTROUTING_TEST_DATABASE_URL names a Postgres on which databases may be created");
const name = `doorbell_${randomBytes(6).toString("hex")}`;
const database = new URL(adminUrl);
database.pathname = `/${name}`;
const nowhere = new URL(adminUrl);
nowhere.pathname = "/no_such_database";
const logger = createLogger("test", "silent");
const cluster = (text: string): ClusterId =>
  as<ClusterId>(`/subscriptions/s/resourcegroups/g/providers/microsoft.containerservice/managedclusters/${text}`);
let redis: TestRedis;

async function administer(statement: string): Promise<void> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}

before(async () => {
  await administer(`create database ${name}`);
  redis = await startTestRedis();
});
after(async () => {
  await administer(`drop database ${name} with (force)`);
  await redis.stop();
});

const adapters = [
  {
    adapter: "Postgres",
    open: () => openDoorbell({ databaseUrl: database.href, redisUrl: undefined }, logger),
    openNowhere: () => openDoorbell({ databaseUrl: nowhere.href, redisUrl: undefined }, logger),
    cut: () => administer(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`),
  },
  {
    adapter: "BullMQ",
    open: () => openDoorbell({ databaseUrl: nowhere.href, redisUrl: redis.url }, logger),
    openNowhere: () => openDoorbell({ databaseUrl: nowhere.href, redisUrl: "unix:///nowhere/redis.sock" }, logger),
    cut: () => redis.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes").then(() => undefined),
  },
];

for (const { adapter, open, openNowhere, cut } of adapters)
  describe(adapter, () => {
    const bells: Doorbell[] = [];
    const opened = (bell: Doorbell): Doorbell => {
      bells.push(bell);
      return bell;
    };
    after(() => Promise.all(bells.map((bell) => bell.close())));

    test("a ring is heard with its cluster's id", { timeout: 60_000 }, async () => {
      const { listener, count, heard } = ear();
      await opened(open()).hear(listener);
      const ringing = opened(open());
      await ringing.ring(cluster("a"));
      await count(1);
      assert.deepEqual(heard, [cluster("a")]);
      assert.deepEqual(ringing.figures(), { state: "Working", sent: 1, failed: 0, heard: 0 });
      await Promise.all(bells.splice(0).map((bell) => bell.close()));
    });

    test("rings for different clusters are all heard", { timeout: 60_000 }, async () => {
      const { listener, count, heard } = ear();
      await opened(open()).hear(listener);
      const ringing = opened(open());
      const clusters = Array.from({ length: 50 }, (_, at) => cluster(`many-${at}`));
      await Promise.all(clusters.map((each) => ringing.ring(each)));
      await count(50);
      assert.deepEqual(heard.toSorted(), clusters.toSorted());
      await Promise.all(bells.splice(0).map((bell) => bell.close()));
    });

    test("a ring that comes while the cluster is being looked at is heard as well", { timeout: 60_000 }, async () => {
      let finish = (): void => {};
      const looking = new Promise<void>((resolve) => (finish = resolve));
      const { listener, count } = ear(() => looking.then(() => "Looked" as const));
      await opened(open()).hear(listener);
      const ringing = opened(open());
      await ringing.ring(cluster("busy"));
      await count(1);
      await ringing.ring(cluster("busy"));
      finish();
      await count(2);
      await Promise.all(bells.splice(0).map((bell) => bell.close()));
    });

    test("who listens hears again after the connection was cut", { timeout: 60_000 }, async () => {
      const { listener, count } = ear();
      await opened(open()).hear(listener);
      const ringing = opened(open());
      await ringing.ring(cluster("before"));
      await count(1);
      await cut();
      const again = setInterval(() => void ringing.ring(cluster("after")), 100);
      await count(2);
      clearInterval(again);
      await Promise.all(bells.splice(0).map((bell) => bell.close()));
    });

    test("ringing and hearing never throw where nothing answers", { timeout: 60_000 }, async () => {
      const bell = opened(openNowhere());
      await bell.ring(cluster("a"));
      await bell.ring(cluster("b"));
      assert.deepEqual(bell.figures(), { state: "Away", sent: 0, failed: 2, heard: 0 });
      await Promise.all(bells.splice(0).map((each) => each.close()));
    });
  });
