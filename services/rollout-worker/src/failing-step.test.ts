import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { AppError, type NodeRollout, type OperationId } from "@hostrouting/domain";
import { CLUSTER_ID, makeWorld, PATIENCE, type Interposer, type World } from "./testing/test-world.ts";

const ADMIN_URL = process.env["HOSTROUTING_TEST_DATABASE_URL"];
assert.ok(ADMIN_URL, "HOSTROUTING_TEST_DATABASE_URL names a Postgres on which databases may be created");

/** Three tries, the shortest pauses that there are. */
const SETTINGS = { stepTriesMax: 3, chance: () => 1 };
const limits = { timeout: 120_000 };

let world: World;
beforeEach(async () => {
  world = await makeWorld(ADMIN_URL, PATIENCE, SETTINGS);
  for (const name of ["n1", "n2"]) world.fake.addNode(name);
});
afterEach(() => world.close());

async function until(id: OperationId, phase: string, round: () => Promise<unknown>): Promise<void> {
  while ((await world.operation(id)).phase !== phase) {
    await round();
    world.fake.tick(1_000);
  }
}

const resume = (id: OperationId): Promise<void> => world.ask(id, ({ pause: _over, ...control }) => control);
const faults = async () => (await world.store.rounds.read(CLUSTER_ID))?.faults;

describe("a step that fails again and again", () => {
  let calls: string[];
  const failing =
    (code: string): Interposer =>
    (name, call) => {
      calls.push(name);
      return name === "applyBundle" ? Promise.reject(new AppError(code, { say: "exceeded quota" })) : call();
    };
  beforeEach(() => void (calls = []));

  test("pauses its operation with what failed; resumed it is tried again", limits, async () => {
    const id = await world.request("BpfVeth");
    await until(id, "Paused", () => world.round("worker", failing("kube.refused")));
    const { control } = await world.operation(id);
    assert.deepEqual([control.pause?.reason, control.pause?.by], ["StepExhausted", ""]);
    assert.match(control.pause?.message ?? "", /^Tried 3 times in vain: cluster, EnsureBundle: exceeded quota$/);
    const { status } = await world.store.clusters.status(CLUSTER_ID);
    assert.deepEqual(
      status?.waits.filter(({ reason }) => reason === "Paused").map(({ message }) => message),
      [control.pause?.message],
    );
    await resume(id);
    assert.equal((await world.finish(id)).phase, "Succeeded");
    assert.equal(await faults(), undefined);
  });

  test("is counted by whoever comes next", limits, async () => {
    const id = await world.request("BpfVeth");
    let turn = 0;
    await until(id, "Paused", () => world.round(`worker-${(turn += 1)}`, failing("kube.refused")).then(() => world.expireLease()));
    assert.equal((await world.operation(id)).control.pause?.reason, "StepExhausted");
  });

  test("but not because nothing answers or somebody else was quicker: those have waits of their own", limits, async () => {
    // Whoever says that we ask too often is asked again after a pause.
    for (const [code, least] of [
      ["kube.unreachable", 4],
      ["kube.conflict", 4],
      ["kube.throttled", 1],
    ] as const) {
      await world.request("BpfVeth");
      for (let rounds = 0; rounds < 8; rounds += 1) await world.round("worker", failing(code));
      assert.ok(calls.filter((name) => name === "applyBundle").length >= least, code);
      assert.equal(await faults(), undefined, code);
      calls = [];
    }
  });
});

test("a node whose claim was refused is not ordered to switch, and is claimed and ordered in a later round", limits, async () => {
  const done: string[] = [];
  let refusals = 2;
  const changed: Interposer = async (name, call) => {
    if (name !== "patchNode" && name !== "applyNodeObject") return call();
    if (name === "patchNode" && refusals > 0) {
      refusals -= 1;
      throw new AppError("kube.conflict", { say: "the object has been modified" });
    }
    done.push(name);
    return call();
  };
  const id = await world.request("BpfVeth");
  await until(id, "Rolling", () => world.round("worker", changed));
  done.length = 0;
  await until(id, "Succeeded", () => world.round("worker", changed));
  assert.equal(refusals, 0);
  assert.deepEqual(done.slice(0, 3), ["patchNode", "applyNodeObject", "applyNodeObject"]);
});

describe("rounds that fail again and again", () => {
  async function rewriteNodes(phase: string): Promise<void> {
    const lease = await world.store.leases.acquire(CLUSTER_ID, "worker", 60_000);
    const read = await world.store.rounds.read(CLUSTER_ID);
    assert.ok(lease && read?.status && read.operation);
    const nodes = read.nodes.map((node) => ({ ...node, phase: phase as NodeRollout["phase"] }));
    const record = { operation: read.operation, nodes, status: read.status, lookAgainInMs: 0, history: [] };
    assert.equal(await world.store.rounds.record(CLUSTER_ID, lease.token, record), "Recorded");
  }

  test("pause the operation too, though nothing can be decided; resumed it goes on", limits, async () => {
    const id = await world.request("BpfVeth");
    await until(id, "Rolling", () => world.round());
    await rewriteNodes("Unheard-of");
    await until(id, "Paused", () => world.round().catch(() => undefined));
    const { control } = await world.operation(id);
    assert.deepEqual([control.pause?.reason, control.held?.from], ["StepExhausted", "Rolling"]);
    assert.match(control.pause?.message ?? "", /Unheard-of/);
    const { status } = await world.store.clusters.status(CLUSTER_ID);
    assert.deepEqual(
      status?.waits.map(({ reason }) => reason),
      ["Paused"],
    );
    await rewriteNodes("Pending");
    await resume(id);
    assert.equal((await world.finish(id)).phase, "Succeeded");
  });
});
