import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { AppError, type MaintenanceConfigurations } from "@hostrouting/domain";
import { CLUSTER_ID, makeWorld, PATIENCE, type World } from "./testing/test-world.ts";

const ADMIN_URL = process.env["HOSTROUTING_TEST_DATABASE_URL"];
assert.ok(ADMIN_URL, "HOSTROUTING_TEST_DATABASE_URL names a Postgres on which databases may be created");

const never: MaintenanceConfigurations = {
  default: { timeInWeek: [], notAllowedTime: [{ start: "2000-01-01T00:00:00.000Z", end: "2190-01-01T00:00:00.000Z" }] },
};

let world: World;
afterEach(() => world.close());

/** Changes a cluster as the control plane does. */
function setWindows(maintenance: MaintenanceConfigurations): Promise<void> {
  return world.store.clusters.change(CLUSTER_ID, () => ({ result: undefined, change: { maintenance, history: [] } }));
}

async function rounds(count: number): Promise<void> {
  for (let round = 0; round < count; round += 1) {
    await world.round();
    world.fake.tick(1_000);
  }
}

const waits = async (): Promise<readonly string[]> =>
  ((await world.store.clusters.status(CLUSTER_ID)).status?.waits ?? []).map(({ reason }) => reason);

test("a cluster whose windows are closed is not touched, is looked at once a minute, and goes on when there is one", async () => {
  world = await makeWorld(ADMIN_URL, PATIENCE);
  world.fake.addNode("n1");
  await setWindows(never);
  const id = await world.request("BpfVeth");
  await rounds(5);
  assert.deepEqual(await waits(), ["MaintenanceWindowClosed"]);
  assert.equal((await world.operation(id)).phase, "Validating");
  assert.deepEqual((await world.operation(id)).control.pending?.kind, "MaintenanceWindow");
  const end = await world.round();
  assert.equal(end.kind === "Done" && end.lookAgainInMs, 60_000);
  await setWindows({});
  assert.equal((await world.finish(id)).phase, "Succeeded");
});

test("while it rests preflight is run by a worker once, even where not all could be read", async () => {
  world = await makeWorld(ADMIN_URL, PATIENCE);
  world.fake.addNode("n1");
  await setWindows(never);
  const id = await world.request("BpfVeth");
  await rounds(3);
  assert.notEqual((await world.operation(id)).control.rest, undefined);
  let asked = 0;
  let isAway = true;
  world.fake.onCall = (name) => {
    if (name !== "eachPodPage") return;
    asked += 1;
    if (isAway) throw new AppError("kube.unreachable", { say: "The API server does not answer" });
  };
  await world.expireLease();
  for (let round = 0; round < 5; round += 1) await world.round("second");
  assert.equal(asked, 1);
  assert.deepEqual(await waits(), ["MaintenanceWindowClosed"]);
  isAway = false;
  await setWindows({});
  await world.expireLease();
  assert.equal((await world.finish(id)).phase, "Succeeded");
});

test("where the policy requires windows, ones that never open block; the reason is PF-051's", async () => {
  world = await makeWorld(ADMIN_URL, { ...PATIENCE, maintenance: "Require" });
  world.fake.addNode("n1");
  await setWindows(never);
  const operation = await world.finish(await world.request("BpfVeth"));
  assert.deepEqual([operation.phase, operation.error?.details?.map(({ code }) => code)], ["Failed", ["PF-051"]]);
});
