import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { as, type ClusterId } from "@hostrouting/domain";
import type { Logger } from "@hostrouting/runtime";
import type { Doorbell } from "./doorbell.ts";
import { redisUrl } from "./redis-address.ts";
import { redisDoorbell } from "./redis-doorbell.ts";
import { readEviction } from "./redis-eviction.ts";
import { ear } from "./testing/ear.ts";
import { startTestRedis, type TestRedis } from "./testing/test-redis.ts";

const CLUSTER = as<ClusterId>("/subscriptions/s/resourcegroups/g/providers/microsoft.containerservice/managedclusters/c");
const KEYS = "{acns-hostrouting}:doorbell";
const limits = { timeout: 60_000 };
let redis: TestRedis;
let bells: Doorbell[] = [];
let lines: string[] = [];

before(async () => void (redis = await startTestRedis({ maxmemory: "16mb" })));
after(() => redis.stop());
beforeEach(async () => {
  lines = [];
  await redis.ask("FLUSHALL");
});
afterEach(async () => {
  await Promise.all(bells.map((bell) => bell.close()));
  bells = [];
});

/** Everything that is logged as one text: level, message and every member, also those of errors. */
const say =
  (level: string) =>
  (...args: unknown[]) =>
    void lines.push(`${level} ${args.map((arg) => JSON.stringify(arg)).join(" ")}`);
const logger = { info: say("info"), warn: say("warn"), error: say("error"), debug: say("debug") } as unknown as Logger;

function bell(url = redis.url): Doorbell {
  const opened = redisDoorbell(url, logger);
  bells.push(opened);
  return opened;
}

/** Comes back when something that happens by itself has happened. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve));
}

test("of two processes one gets a ring", limits, async () => {
  const [first, second] = [ear(), ear()];
  await bell().hear(first.listener);
  await bell().hear(second.listener);
  const ringing = bell();
  for (let turn = 1; turn <= 20; turn++) {
    await ringing.ring(as<ClusterId>(`${CLUSTER}${turn}`));
    await until(() => first.heard.length + second.heard.length >= turn);
  }
  assert.equal(first.heard.length + second.heard.length, 20);
});

test("a hundred rings that nobody has heard are one", limits, async () => {
  const ringing = bell();
  for (let turn = 0; turn < 100; turn++) await ringing.ring(CLUSTER);
  assert.equal(await redis.ask("LLEN", `${KEYS}:wait`), 1);
  assert.deepEqual(JSON.parse(String(await redis.ask("HGET", `${KEYS}:1`, "data"))), { clusterId: CLUSTER });
});

test("a ring that finds its cluster held elsewhere goes to the process that holds it", limits, async () => {
  const [stranger, holder] = [ear(() => "HeldElsewhere"), ear()];
  await bell().hear(stranger.listener);
  const ringing = bell();
  await ringing.ring(CLUSTER);
  await stranger.count(1);
  await bell().hear(holder.listener);
  // The stranger may be the quicker one each time: what it leaves is rung for again, as somebody would.
  const again = setInterval(() => void ringing.ring(CLUSTER), 500);
  await holder.count(1).finally(() => clearInterval(again));
  assert.deepEqual(holder.heard, [CLUSTER]);
});

test("rings go on after everything in Redis was deleted while a cluster was looked at", limits, async () => {
  let finish = (): void => {};
  const looking = new Promise<void>((resolve) => (finish = resolve));
  const hearing = ear(() => looking.then(() => "Looked" as const));
  await bell().hear(hearing.listener);
  const ringing = bell();
  await ringing.ring(CLUSTER);
  await hearing.count(1);
  await redis.ask("FLUSHALL");
  finish();
  await ringing.ring(CLUSTER);
  await hearing.count(2);
});

test("a mark that a ring is waiting, left over from an outage, swallows no ring", limits, async () => {
  await redis.ask("SET", `${KEYS}:de:${CLUSTER}`, "4711");
  const { listener, count } = ear();
  await bell().hear(listener);
  await bell().ring(CLUSTER);
  await count(1);
});

test("rings go on after Redis was killed and started empty", limits, async () => {
  const { listener, count } = ear();
  const [hearing, ringing] = [bell(), bell()];
  await hearing.hear(listener);
  await ringing.ring(CLUSTER);
  await count(1);
  await redis.kill();
  await until(() => ringing.figures().state === "Away");
  await ringing.ring(CLUSTER);
  assert.equal(ringing.figures().failed, 1);
  await redis.start();
  await until(() => ringing.figures().state === "Working");
  await ringing.ring(CLUSTER);
  await count(2);
});

test("a bell is closed while Redis is away, and when it has come back since", limits, async () => {
  for (const isBack of [false, true]) {
    const { listener, count } = ear();
    const hearing = bell();
    await hearing.hear(listener);
    await bell().ring(CLUSTER);
    await count(1);
    await redis.kill();
    await until(() => hearing.figures().state === "Away");
    if (isBack) await redis.start();
    await hearing.close();
    if (!isBack) await redis.start();
  }
});

test("a Redis that accepts and never answers holds nobody up", limits, async () => {
  const ringing = bell();
  await ringing.ring(CLUSTER);
  redis.freeze();
  await ringing.ring(as<ClusterId>(`${CLUSTER}2`)).finally(() => redis.thaw());
  assert.equal(ringing.figures().failed, 1);
});

test("a Redis that is full fails a ring and nothing else", limits, async () => {
  const ringing = bell();
  await ringing.ring(CLUSTER);
  await redis.ask("CONFIG", "SET", "maxmemory", "1");
  await ringing.ring(as<ClusterId>(`${CLUSTER}2`)).finally(() => redis.ask("CONFIG", "SET", "maxmemory", "16mb"));
  assert.match(lines.join("\n"), /could not ring/);
  assert.match(lines.join("\n"), /OOM/);
  await ringing.ring(as<ClusterId>(`${CLUSTER}3`));
  assert.deepEqual(ringing.figures(), { state: "Working", sent: 2, failed: 1, heard: 0 });
});

test("a Redis that evicts keys is not used, and the log says what to do; it is used once that was done", limits, async () => {
  await redis.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
  const { listener, count } = ear();
  const [hearing, ringing] = [bell(), bell()];
  await hearing.hear(listener);
  await ringing.ring(CLUSTER);
  assert.deepEqual(ringing.figures(), { state: "Refused", sent: 0, failed: 1, heard: 0 });
  assert.match(lines.join("\n"), /error .*maxmemory-policy allkeys-lru.*set maxmemory-policy to noeviction/);
  await until(() => hearing.figures().state === "Refused");
  await redis.ask("CONFIG", "SET", "maxmemory-policy", "noeviction");
  await redis.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
  await until(() => hearing.figures().state === "Working" && ringing.figures().state === "Working");
  await ringing.ring(CLUSTER);
  await count(1);
});

test("where CONFIG is forbidden, INFO tells the policy", limits, async () => {
  const other = await startTestRedis({ "rename-command": "CONFIG none", "maxmemory-policy": "volatile-ttl" });
  const ringing = bell(other.url);
  await ringing.ring(CLUSTER).finally(() => other.stop());
  assert.match(lines.join("\n"), /error .*maxmemory-policy volatile-ttl/);
});

test("a policy is unknown, not assumed, where neither question is answered", async () => {
  const refuses = () => Promise.reject(new Error("NOPERM"));
  const silent = { config: refuses, info: () => Promise.resolve("used_memory:1\r\n") };
  assert.deepEqual(await readEviction(silent), { kind: "Unknown", because: "NOPERM" });
  assert.deepEqual(await readEviction({ config: refuses, info: refuses }), { kind: "Unknown", because: "NOPERM" });
  assert.deepEqual(await readEviction({ config: () => Promise.resolve([]), info: silent.info }), {
    kind: "Unknown",
    because: "it does not say",
  });
  assert.deepEqual(await readEviction({ config: refuses, info: () => Promise.resolve("maxmemory_policy:noeviction\r\n") }), {
    kind: "Never",
  });
});

test("passwords reach no log, neither right nor wrong ones", limits, async () => {
  const port = String(20_000 + (process.pid % 10_000));
  const locked = await startTestRedis({ port, bind: "127.0.0.1", requirepass: "the-right-secret" });
  const [right, wrong] = [bell(`redis://:the-right-secret@127.0.0.1:${port}`), bell(`redis://:a-wrong-secret@127.0.0.1:${port}`)];
  await Promise.all([right.ring(CLUSTER), wrong.ring(CLUSTER)]);
  await wrong.hear(ear().listener);
  await locked.kill();
  await until(() => right.figures().state === "Away");
  await locked.stop();
  assert.equal(right.figures().sent, 1);
  assert.equal(wrong.figures().failed, 1);
  assert.doesNotMatch(lines.join("\n"), /secret/);
});

test("addresses that cannot be one are refused without repeating them", () => {
  for (const bad of ["", "redis.example", "http://secret@host", "redis://", "unix://host/path", "redis://:secret@host/name"])
    assert.throws(
      () => redisUrl(bad),
      (error: Error) => /must/.test(error.message) && !error.message.includes("secret"),
      bad,
    );
  for (const good of ["redis://host", "rediss://user:secret@[::1]:6380/2", "unix:///run/redis.sock"]) assert.equal(redisUrl(good), good);
});
