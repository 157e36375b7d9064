import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { AppError } from "@hostrouting/domain";
import { CLUSTER_ID, makeWorld, PATIENCE, type World } from "./testing/test-world.ts";

const ADMIN_URL = process.env["HOSTROUTING_TEST_DATABASE_URL"];
assert.ok(ADMIN_URL, "HOSTROUTING_TEST_DATABASE_URL names a Postgres on which databases may be created");

let world: World;
beforeEach(async () => {
  world = await makeWorld(ADMIN_URL);
  for (const name of ["n1", "n2"]) world.fake.addNode(name);
});
afterEach(() => world.close());

const counted = (names: readonly string[]): Map<string, number> => {
  const calls = new Map(names.map((name) => [name, 0]));
  world.fake.onCall = (name) => void (calls.has(name) && calls.set(name, (calls.get(name) ?? 0) + 1));
  return calls;
};

test("what preflight asks of the API server is asked once for an operation, however many rounds it waits for agents", async () => {
  const calls = counted(["serverVersion", "grantedRules", "eachPodPage", "listBudgets", "tryBundle"]);
  const id = await world.request("BpfVeth");
  for (let rounds = 0; rounds < 5; rounds += 1) await world.round();
  assert.equal((await world.operation(id)).phase, "Preparing");
  assert.equal((await world.finish(id)).phase, "Succeeded");
  assert.deepEqual(Object.fromEntries(calls), { serverVersion: 1, grantedRules: 1, eachPodPage: 1, listBudgets: 0, tryBundle: 1 });
});

test("budgets are asked for where nodes are drained, and those that let nobody leave are a warning", async () => {
  await world.close();
  world = await makeWorld(ADMIN_URL, { ...PATIENCE, nodeAction: "DrainAndSwitch" });
  world.fake.addNode("n1");
  world.fake.addPod("shop", "cart-1", "n1");
  world.fake.budgets.push({ namespace: "shop", name: "cart", podPrefix: "cart", allowed: 0 });
  const calls = counted(["listBudgets"]);
  await world.request("BpfVeth");
  for (let rounds = 0; rounds < 6; rounds += 1) {
    await world.round();
    world.fake.tick(1_000);
  }
  const { status } = await world.store.clusters.status(CLUSTER_ID);
  assert.deepEqual(
    status?.warnings.filter(({ id }) => id.startsWith("PF-04")).map(({ id, subjects }) => [id, subjects]),
    [
      ["PF-047", ["budget shop/cart"]],
      ["PF-048", ["pod shop/cart-1"]],
    ],
  );
  assert.equal(calls.get("listBudgets"), 1);
});

test("what could not be read is asked again in the next round, and counts as soon as it is there", async () => {
  let isAway = true;
  world.fake.onCall = (name) => {
    if (name === "eachPodPage" && isAway) throw new AppError("kube.unreachable", { say: "The API server does not answer" });
  };
  const id = await world.request("BpfVeth");
  for (let rounds = 0; rounds < 3; rounds += 1) await world.round();
  assert.equal((await world.operation(id)).phase, "Validating");
  const { status } = await world.store.clusters.status(CLUSTER_ID);
  assert.deepEqual(
    status?.waits.map(({ reason }) => reason),
    ["ClusterStateUnknown"],
  );
  isAway = false;
  assert.equal((await world.finish(id)).phase, "Succeeded");
});

test("a bundle that admission refuses is never applied, and the operation says in whose words", async () => {
  world.fake.bundleRefusal = new AppError("kube.forbidden", { say: 'admission webhook "gatekeeper" denied the request: no hostNetwork' });
  const operation = await world.finish(await world.request("BpfVeth"));
  assert.deepEqual(
    operation.error?.details?.map(({ code, target }) => [code, target]),
    [["PF-056", "DaemonSet acns-hostrouting/hostrouting-agent"]],
  );
  assert.equal(world.fake.daemonSet, undefined);
});

test("a right that is missing is no refusal by admission", async () => {
  world.fake.bundleRefusal = new AppError("kube.forbidden", { say: 'User "worker" cannot patch resource "daemonsets"' });
  const id = await world.request("BpfVeth");
  for (let rounds = 0; rounds < 3; rounds += 1) await world.round();
  assert.equal((await world.operation(id)).phase, "Validating");
});

test("what the rules know is recorded with the round, goes on with another worker, and is gone when nodes are switched", async () => {
  const id = await world.request("BpfVeth");
  for (let rounds = 0; rounds < 3; rounds += 1) await world.round("first");
  assert.equal((await world.operation(id)).phase, "Preparing");
  const known = async (): Promise<unknown> => {
    const { status } = await world.store.clusters.status(CLUSTER_ID);
    const answer = status?.preflight?.answers.find(({ ruleId }) => ruleId === "PF-015");
    return answer && [answer.outcome, answer.unknowns];
  };
  assert.deepEqual(await known(), ["passed", 0]);
  world.fake.onCall = (name) => {
    if (name === "eachPodPage") throw new AppError("kube.unreachable", { say: "The API server does not answer" });
  };
  await world.expireLease();
  await world.round("second");
  assert.deepEqual(await known(), ["passed", 1]);
  world.fake.onCall = () => {};
  await world.expireLease();
  assert.equal((await world.finish(id)).phase, "Succeeded");
  assert.equal(await known(), undefined);
});
