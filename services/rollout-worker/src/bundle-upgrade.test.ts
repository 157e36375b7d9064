import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import type { Operation, OperationId } from "@hostrouting/domain";
import type { HostRoutingNodeObject } from "@hostrouting/kube";
import { BUNDLE, CLUSTER_ID, makeWorld, PATIENCE, type Interposer, type World } from "./testing/test-world.ts";

const ADMIN_URL = process.env["HOSTROUTING_TEST_DATABASE_URL"];
assert.ok(ADMIN_URL, "HOSTROUTING_TEST_DATABASE_URL names a Postgres on which databases may be created");

const NEWER = { image: "localhost/acns-hostrouting/bundle:2", digest: `sha256:${"2".repeat(64)}` };
const NEWEST = { image: "localhost/acns-hostrouting/bundle:3", digest: `sha256:${"3".repeat(64)}` };
/** What the version before knew to say of a node. */
const BEFORE = [
  "observedGeneration",
  "fencingToken",
  "nodeUID",
  "bootID",
  "bundleDigest",
  "effectiveMode",
  "confirmed",
  "reason",
  "devices",
  "probes",
  "observedAt",
] as const;

let world: World;
afterEach(() => world.close());

async function enabled(wrap?: Interposer): Promise<void> {
  world = await makeWorld(ADMIN_URL ?? "", { ...PATIENCE, maxUnavailable: 1 });
  for (const name of ["n1", "n2", "n3"]) world.fake.addNode(name);
  const id = await world.request("BpfVeth");
  assert.equal((await rounds(id, wrap)).phase, "Succeeded");
}

async function step(worker: string, wrap?: Interposer): Promise<void> {
  await world.round(worker, wrap);
  world.fake.tick(1_000);
}

async function rounds(id: OperationId, wrap?: Interposer, worker = "worker"): Promise<Operation> {
  for (let count = 0; count < 200; count += 1) {
    const operation = await world.operation(id);
    if (operation.endedAt !== undefined) return operation;
    await step(worker, wrap);
  }
  throw new Error(`It stays ${(await world.operation(id)).phase}`);
}

/** Rounds until an upgrade has begun. */
async function upgrade(wrap?: Interposer, worker = "worker"): Promise<Operation> {
  for (let count = 0; count < 20; count += 1) {
    await step(worker, wrap);
    const operation = (await world.store.rounds.read(CLUSTER_ID))?.operation;
    if (operation !== undefined) return operation;
  }
  throw new Error("no upgrade begins");
}

const digests = (): unknown[] => [...world.fake.objects.values()].map(({ spec, status }) => [spec.bundleDigest, status?.bundleDigest]);
const onAll = ({ digest }: typeof NEWER): unknown[] => ["n1", "n2", "n3"].map(() => [digest, digest]);
const modes = (): unknown[] => [...world.fake.agents.values()].map(({ effectiveMode }) => effectiveMode);

test("a newer bundle is rolled out by itself, one node at a time, and no node leaves the fast path", async () => {
  await enabled();
  world.offer(NEWER);
  const { id, kind, tenantId } = await upgrade();
  assert.deepEqual([kind, tenantId], ["UpgradeBundle", "tenant"]);
  const seen = new Set<string>();
  for (let ended = false; !ended; ended = (await world.operation(id)).endedAt !== undefined) {
    await step("worker");
    assert.deepEqual(modes(), ["BpfVeth", "BpfVeth", "BpfVeth"]);
    seen.add(
      [...world.fake.pods.values()]
        .filter(({ metadata }) => JSON.stringify(metadata?.annotations).includes(NEWER.digest))
        .length.toString(),
    );
  }
  assert.equal((await world.operation(id)).phase, "Succeeded");
  assert.ok(
    ["1", "2", "3"].every((count) => seen.has(count)),
    "pods are replaced one after the other",
  );
  assert.deepEqual(digests(), onAll(NEWER));
});

test("a worker that is offered another bundle meanwhile goes on with the one that the upgrade began with, and then with its own", async () => {
  await enabled();
  world.offer(NEWER);
  const { id } = await upgrade();
  for (let count = 0; count < 8; count += 1) await step("worker");
  await world.expireLease();
  world.offer(NEWEST);
  assert.equal((await rounds(id, undefined, "another")).phase, "Succeeded");
  assert.deepEqual(digests(), onAll(NEWER));
  const next = await upgrade(undefined, "another");
  assert.equal((await rounds(next.id, undefined, "another")).phase, "Succeeded");
  assert.deepEqual(digests(), onAll(NEWEST));
});

/** Reports of agents of the first bundle as the version before wrote them. */
let shortened = 0;
const shorten = (object: HostRoutingNodeObject): HostRoutingNodeObject => {
  const { status } = object;
  if (status?.bundleDigest !== BUNDLE.digest) return object;
  shortened += 1;
  return { ...object, status: Object.fromEntries(BEFORE.map((member) => [member, status[member]])) };
};
const ofBefore: Interposer = async <T>(name: string, call: () => Promise<T>) => {
  const found = await call();
  return name === "listNodeObjects" ? ((found as HostRoutingNodeObject[]).map(shorten) as T) : found;
};

test("agents of the version before, which report less, are switched on, and are brought to this one", async () => {
  await enabled(ofBefore);
  assert.ok(shortened > 0);
  world.offer(NEWER);
  const { id } = await upgrade(ofBefore);
  assert.equal((await rounds(id, ofBefore)).phase, "Succeeded");
  assert.deepEqual(digests(), onAll(NEWER));
});
