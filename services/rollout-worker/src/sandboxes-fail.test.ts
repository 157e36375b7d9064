import assert from "node:assert/strict";
import { test } from "node:test";
import { clusterOver } from "@hostrouting/kube";
import { FakeApiServer } from "@hostrouting/kube/fake-api-server";
import { systemTimers } from "@hostrouting/runtime";
import { CLUSTER_ID, makeWorld, PATIENCE } from "./testing/test-world.ts";

const ADMIN_URL = process.env["HOSTROUTING_TEST_DATABASE_URL"];
assert.ok(ADMIN_URL, "HOSTROUTING_TEST_DATABASE_URL names a Postgres on which databases may be created");

test("a node that is Ready and of whose pods its kubelet says that they get no sandbox is told of, and no other is started", async () => {
  const world = await makeWorld(
    ADMIN_URL,
    { ...PATIENCE, maxUnavailable: 1, canaryPerStratum: 0, batchPlan: [], analysisMode: "Off", nodeSoakMs: 60 * 60_000 },
    { connect: (fake) => clusterOver(new FakeApiServer(fake).client, systemTimers, fake.access().cilium) },
  );
  try {
    for (const name of ["n1", "n2"]) world.fake.addNode(name);
    // It comes after the switch, whenever that is by the database's clock.
    const metadata = { namespace: "shop", name: "cart", uid: "cart", creationTimestamp: new Date("2999-01-01T00:00:00Z") };
    world.fake.pods.set("shop/cart", { metadata, spec: { nodeName: "n1", containers: [] }, status: { phase: "Pending" } });
    world.fake.sandboxFailures = [{ node: "n1", podUid: "cart", message: "failed to setup network for sandbox" }];
    await world.request("BpfVeth");
    const phases = async () => (await world.store.rounds.read(CLUSTER_ID))?.nodes.map(({ node, phase }) => [node as string, phase]);
    for (let rounds = 0; rounds < 40; rounds += 1) {
      await world.round();
      world.fake.tick(1_000);
    }
    assert.deepEqual(await phases(), [
      ["n1", "Soaking"],
      ["n2", "Pending"],
    ]);
    const { status } = await world.store.clusters.status(CLUSTER_ID);
    assert.deepEqual(
      status?.waits.filter(({ subject }) => subject === "n1").map(({ reason, message }) => [reason, message]),
      [
        [
          "NodeUnhealthy",
          "SandboxesFail: no pod that came since its switch could be started: shop/cart. The kubelet: failed to setup network for sandbox",
        ],
      ],
    );
  } finally {
    await world.close();
  }
});
