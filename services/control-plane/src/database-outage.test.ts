/** The database goes away under a running control plane: no request hangs, and nothing needs a restart afterwards. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openStore } from "@hostrouting/store";
import { openDatabaseDoor, type DatabaseDoor } from "./testing/database-door.ts";
import { ids, makeCluster, register } from "./testing/test-cluster.ts";
import { makeTestDatabase } from "./testing/test-database.ts";
import { credentialOf, startTestInstallation, type TestInstallation } from "./testing/test-installation.ts";

/** What takes longer hangs: without limits of our own, a connection that is frozen answers never. */
const HANGS_MS = 30_000;
const CLUSTER = `/subscriptions/${ids.subscriptionId}/resourceGroups/Lab/providers/Microsoft.ContainerService/managedClusters/one?api-version=2026-04-01`;

let door: DatabaseDoor;
let installation: TestInstallation;
let token = "";
/** How to end what was made so far, the last first: what fails to start must leave nothing that keeps the process alive. */
const endings: (() => Promise<void>)[] = [];

before(async () => {
  const database = await makeTestDatabase();
  endings.push(() => database.drop());
  const store = await openStore(database.url, () => undefined);
  endings.push(() => store.close());
  await register(store, [makeCluster("one")]);
  door = await openDatabaseDoor(database.url);
  endings.push(() => door.close());
  door.slam();
  installation = await startTestInstallation(door.url, { isDatabaseAway: true });
  endings.push(() => installation.close());
  token = (await credentialOf(installation).getToken("https://management.azure.com/.default")).token;
});

after(async () => {
  for (const end of endings.toReversed()) await end();
});

async function ask(path: string, init: RequestInit = {}): Promise<{ status: number; retryAfter: string | null; code: unknown }> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const reply = await fetch(`${installation.base}${path}`, { ...init, headers, signal: AbortSignal.timeout(HANGS_MS) });
  const body = (await reply.json()) as { error?: { code: unknown } };
  return { status: reply.status, retryAfter: reply.headers.get("retry-after"), code: body.error?.code };
}

async function untilReady(): Promise<void> {
  const deadline = Date.now() + HANGS_MS;
  while ((await ask("/readyz")).status !== 200) assert.ok(Date.now() < deadline, "not ready again in time");
}

const AWAY = { status: 503, retryAfter: "2", code: "ServiceUnavailable" };
const tags = { method: "PUT", body: JSON.stringify({ tags: { a: "b" } }) };

test("started before the database: alive, not ready, refuses with 503; ready once it answers", async () => {
  assert.equal((await ask("/healthz")).status, 200);
  assert.deepEqual(await ask("/readyz"), AWAY);
  assert.deepEqual(await ask(CLUSTER), AWAY);
  door.open();
  await untilReady();
  assert.equal((await ask(CLUSTER)).status, 200);
});

for (const [name, close] of [
  ["killed", () => door.slam()],
  ["stopped", () => door.freeze()],
] as const)
  test(`the database is ${name}: 503 to readers and writers, then business as usual`, async () => {
    assert.equal((await ask(CLUSTER)).status, 200);
    close();
    const replies = await Promise.all([ask(CLUSTER), ask(CLUSTER, tags), ask("/readyz"), ask("/healthz")]);
    assert.deepEqual(replies.slice(0, 3), [AWAY, AWAY, AWAY]);
    assert.equal(replies[3].status, 200);
    door.open();
    await untilReady();
    assert.equal((await ask(CLUSTER, tags)).status, 200);
    assert.equal(installation.controlPlane.output().includes('"level":"fatal"'), false);
  });
