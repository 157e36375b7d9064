import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { NOT_READY_TAINT } from "@hostrouting/domain";
import { SCALE_DOWN_ANNOTATION } from "@hostrouting/kube";
import { CLUSTER_ID, makeWorld, type World } from "./testing/test-world.ts";

const ADMIN_URL = process.env["HOSTROUTING_TEST_DATABASE_URL"];
assert.ok(ADMIN_URL, "HOSTROUTING_TEST_DATABASE_URL names a Postgres on which databases may be created");

let world: World;
beforeEach(async () => {
  world = await makeWorld(ADMIN_URL);
  for (const name of ["n1", "n2"]) world.fake.addNode(name);
});
afterEach(() => world.close());

const taintsOf = (name: string): string[] => (world.fake.nodes.get(name)?.spec?.taints ?? []).map(({ key }) => key);
const isRouting = (name: string): boolean => {
  const agent = world.fake.agents.get(name);
  return agent?.effectiveMode === "BpfVeth" && agent.confirmed;
};

/** Rounds and ticks; before each, the scheduler tries to bring a pod to the node, and says whether it came to one without host routing. */
async function roundsWithPods(name: string, count: number): Promise<{ readonly early: number; readonly came: boolean }> {
  let early = 0;
  let came = false;
  for (let round = 0; round < count; round += 1) {
    const isOn = isRouting(name);
    const isScheduled = world.fake.schedule("shop", `web-${round}`, name);
    if (isScheduled && !isOn) early += 1;
    came ||= isScheduled;
    await world.round();
    world.fake.tick(1_000);
  }
  return { early, came };
}

describe("a node that joins while host routing is on", () => {
  test("runs no pod before host routing is on there, and runs pods afterwards", async () => {
    await world.finish(await world.request("BpfVeth"));
    world.fake.addNode("n3");
    assert.deepEqual(taintsOf("n3"), [NOT_READY_TAINT.key]);
    assert.deepEqual(await roundsWithPods("n3", 20), { early: 0, came: true });
    assert.deepEqual(taintsOf("n3"), []);
  });

  test("is held again in its next boot, and the taints of others stay", async () => {
    await world.finish(await world.request("BpfVeth"));
    const node = world.fake.nodes.get("n2");
    assert.ok(node);
    world.fake.nodes.set("n2", { ...node, spec: { ...node.spec, taints: [{ key: "gpu", effect: "PreferNoSchedule" }] } });
    world.fake.reboot("n2", "another");
    await world.round();
    assert.deepEqual(taintsOf("n2"), ["gpu", NOT_READY_TAINT.key]);
    assert.deepEqual(await roundsWithPods("n2", 20), { early: 0, came: true });
    assert.deepEqual(taintsOf("n2"), ["gpu"]);
  });

  test("of an API server before 1.36 is held as soon as the worker sees it, and that is said", async () => {
    world.fake.admission.isSupported = false;
    await world.finish(await world.request("BpfVeth"));
    world.fake.addNode("n3");
    assert.deepEqual(taintsOf("n3"), []);
    await world.round();
    assert.deepEqual(taintsOf("n3"), [NOT_READY_TAINT.key]);
    const { status } = await world.store.clusters.status(CLUSTER_ID);
    assert.ok(status?.warnings.some(({ id }) => id === "joining-nodes-run-pods"));
    assert.deepEqual(await roundsWithPods("n3", 20), { early: 0, came: true });
  });

  test("is not held any more once host routing is to be off, and nothing of ours is left", async () => {
    await world.finish(await world.request("BpfVeth"));
    assert.ok(world.fake.admission.policy);
    world.fake.addNode("n3");
    await world.finish(await world.request("None"));
    assert.deepEqual([world.fake.admission.policy, world.fake.admission.binding], [undefined, undefined]);
    assert.deepEqual(taintsOf("n3"), []);
  });

  test("an admission policy that somebody changed is put right; one that is somebody else's stays", async () => {
    const { admission } = world.fake;
    await world.finish(await world.request("BpfVeth"));
    assert.ok(admission.policy);
    admission.policy = { ...admission.policy, spec: {} };
    await world.round();
    assert.notDeepEqual(admission.policy.spec, {});
    const theirs = { metadata: { labels: {} }, spec: {} };
    admission.policy = theirs;
    await world.finish(await world.request("None"));
    assert.equal(admission.policy, theirs);
  });
});

test("the autoscaler leaves a node alone while it is switched, and somebody else's word to it stays", async () => {
  const node = world.fake.nodes.get("n1");
  assert.ok(node);
  world.fake.nodes.set("n1", { ...node, metadata: { ...node.metadata, annotations: { [SCALE_DOWN_ANNOTATION]: "true" } } });
  const kept = new Set<string>();
  const id = await world.request("BpfVeth");
  for (let rounds = 0; rounds < 60 && (await world.operation(id)).endedAt === undefined; rounds += 1) {
    await world.round();
    for (const [name, { metadata }] of world.fake.nodes) if (metadata?.annotations?.[SCALE_DOWN_ANNOTATION] === "true") kept.add(name);
    world.fake.tick(1_000);
  }
  assert.deepEqual([...kept].toSorted(), ["n1", "n2"]);
  assert.deepEqual(
    [...world.fake.nodes.values()].map(({ metadata }) => metadata?.annotations),
    [{ [SCALE_DOWN_ANNOTATION]: "true" }, {}],
  );
});
