import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import type { NodeRequest, Operation, OperationControl, OperationPhase } from "@hostrouting/domain";
import { CLUSTER_ID, makeWorld, PATIENCE, type Interposer, type World } from "./testing/test-world.ts";

const ADMIN_URL = process.env["HOSTROUTING_TEST_DATABASE_URL"];
assert.ok(ADMIN_URL, "HOSTROUTING_TEST_DATABASE_URL names a Postgres on which databases may be created");

const pause = { reason: "Asked", message: "Somebody asked.", by: "somebody" } as const;
const held = (control: OperationControl): OperationControl => ({ ...control, pause });
const released = ({ pause: _over, ...rest }: OperationControl): OperationControl => rest;

let world: World;
async function open(policy: object = {}): Promise<void> {
  world = await makeWorld(ADMIN_URL ?? "", { ...PATIENCE, ...policy });
  for (const name of ["n1", "n2", "n3"]) world.fake.addNode(name);
}
afterEach(() => world.close());

/** Rounds until the operation is in a phase; one that never gets there fails. */
async function until(id: Operation["id"], holds: (operation: Operation) => boolean): Promise<Operation> {
  for (let rounds = 0; rounds < 100; rounds += 1) {
    const operation = await world.operation(id);
    if (holds(operation)) return operation;
    await world.round();
    world.fake.tick(1_000);
  }
  throw new Error(`It stays ${(await world.operation(id)).phase}`);
}
const isIn =
  (phase: OperationPhase) =>
  (operation: Operation): boolean =>
    operation.phase === phase;
const switched = (): number => [...world.fake.agents.values()].filter((agent) => agent.effectiveMode === "BpfVeth").length;

test("a pause that comes while a round is being decided is not written over; it outlives its worker, and what resumes finishes", async () => {
  await open();
  const id = await world.request("BpfVeth");
  await until(id, isIn("Rolling"));
  const pausing: Interposer = async (name, call) => {
    if (name === "record") await world.ask(id, held);
    return call();
  };
  assert.equal((await world.round("worker", pausing)).kind, "Yielded");
  assert.deepEqual((await world.operation(id)).control.pause, pause);
  await until(id, isIn("Paused"));
  const before = switched();
  await world.expireLease();
  for (let rounds = 0; rounds < 5; rounds += 1) {
    await world.round("another");
    world.fake.tick(1_000);
  }
  assert.deepEqual([(await world.operation(id)).phase, switched()], ["Paused", before]);
  assert.ok(before < 3, "the pause came before all was done");
  await world.expireLease();
  await world.ask(id, released);
  assert.equal((await world.finish(id)).phase, "Succeeded");
  assert.equal(switched(), 3);
});

test("a gate holds the operation until its answer is stored; then it goes on", async () => {
  await open({ gates: [{ id: "board", at: "BeforeCluster", kind: "Approval", twoPersons: true }] });
  const id = await world.request("BpfVeth");
  const { control } = await until(id, ({ control: { pending } }) => pending !== undefined);
  assert.deepEqual([control.pending?.gate, control.pending?.twoPersons, world.fake.daemonSet], ["board", true, undefined]);
  await world.ask(id, (now) => ({ ...now, approvals: [{ gate: "board", by: "another", comment: "fine" }] }));
  assert.equal((await world.finish(id)).phase, "Succeeded");
});

test("a node that is skipped stays on the stack, and its record says why", async () => {
  await open({ minSuccessPercent: 60 });
  const id = await world.request("BpfVeth");
  await until(id, isIn("Preparing"));
  const request: NodeRequest = { kind: "Skip", node: "n2", reason: "broken disk", by: "somebody" };
  await world.ask(id, (control) => ({ ...control, requests: [request] }));
  assert.equal((await world.finish(id)).phase, "Succeeded");
  assert.equal(world.fake.agents.get("n2")?.effectiveMode, "Legacy");
  const read = await world.store.rounds.read(CLUSTER_ID);
  assert.deepEqual(read?.nodes.find(({ node }) => node === "n2")?.skipped, { reason: "broken disk", by: "somebody" });
  assert.equal(read?.status?.nodes.find(({ name }) => name === "n2")?.reason, "Skipped");
});
