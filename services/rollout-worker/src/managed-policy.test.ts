import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { azureDestinationsPolicy } from "@hostrouting/policy";
import { CLUSTER_ID, makeWorld, PATIENCE, type Interposer, type World } from "./testing/test-world.ts";

const ADMIN_URL = process.env["HOSTROUTING_TEST_DATABASE_URL"];
assert.ok(ADMIN_URL, "HOSTROUTING_TEST_DATABASE_URL names a Postgres on which databases may be created");

const POLICY = "block-azure-destinations";

let world: World;
beforeEach(async () => {
  world = await makeWorld(ADMIN_URL);
  world.fake.addNode("n1");
});
afterEach(() => world.close());

type Shown = { readonly spec: { readonly egressDeny?: unknown } };
const policyIsOurs = (): boolean => {
  const found = world.fake.policies.read(POLICY);
  return found.kind === "Present" && JSON.stringify((found.object as Shown).spec) === JSON.stringify(azureDestinationsPolicy.spec);
};
const status = async () => (await world.store.clusters.status(CLUSTER_ID)).status;
const eventsOfPolicy = () => [...world.fake.events.values()].filter(({ regarding }) => regarding.name === POLICY);
const enable = async (): Promise<void> => assert.equal((await world.finish(await world.request("BpfVeth"))).phase, "Succeeded");
const rounds = async (count: number): Promise<void> => {
  for (let round = 0; round < count; round += 1) await world.round();
};

describe("the policy that stands for the nodes' rules", () => {
  test("is there before any node is asked to switch, and goes as the last of all", async () => {
    const calls: string[] = [];
    const watch: Interposer = async (name, call) => {
      if (/^(apply|delete)/.test(name))
        calls.push(name === "applyNodeObject" && !policyIsOurs() ? "applyNodeObject without a policy" : name);
      return call();
    };
    for (const mode of ["BpfVeth", "None"] as const) {
      const id = await world.request(mode);
      while ((await world.operation(id)).endedAt === undefined) {
        await world.round("worker", watch);
        world.fake.tick(1_000);
      }
    }
    assert.equal(calls[0], "applyPolicy");
    assert.equal(calls.at(-1), "deletePolicy");
    assert.ok(calls.lastIndexOf("deleteBundle") < calls.lastIndexOf("deletePolicy"));
    // The first order only observes, and may be given at once.
    assert.deepEqual(calls.filter((name) => name.includes("without")).length, 0);
  });

  const changes: readonly (readonly [what: string, change: () => void, drift: readonly (string | undefined)[]])[] = [
    ["edited", () => world.fake.policies.edit(POLICY, "kubectl-edit", { egressDeny: [] }), ["/spec/egressDeny/0", "kubectl-edit"]],
    [
      "narrowed by a field of somebody else's",
      () => world.fake.policies.edit(POLICY, "argocd", { nodeSelector: {} }),
      ["/spec/nodeSelector", "argocd"],
    ],
    ["deleted", () => world.fake.policies.delete(POLICY), ["", undefined]],
  ];
  for (const [what, change, [path, manager]] of changes)
    test(`is put right in the round that sees it ${what}, and it is shown what was changed and by whom`, async () => {
      await enable();
      change();
      await world.round();
      assert.ok(policyIsOurs());
      assert.equal((await status())?.policy?.state, "Drifted");
      await world.round();
      const after = await status();
      assert.equal(after?.policy?.state, "InSync");
      const [drift] = after.policy.drift;
      assert.deepEqual([drift?.path, drift?.manager, typeof drift?.correctedAt], [path, manager, "number"]);
      const reconciled = after.conditions.find(({ type }) => type === "PolicyReconciled");
      assert.equal(reconciled?.status, "True");
      const kinds = (await world.store.clusters.history(CLUSTER_ID, { afterSeq: 0, limit: 500 })).map(({ kind }) => kind);
      assert.ok(kinds.includes("PolicyDrifted") && kinds.includes("PolicyCorrected"));
    });

  test("is told of with one Event for each writer and reason, also by a worker that begins", async () => {
    await enable();
    const change = async (worker: string): Promise<void> => {
      world.fake.policies.edit(POLICY, "kubectl-edit", { egressDeny: [] });
      await world.round(worker);
      await world.round(worker);
      await world.expireLease();
    };
    await change("worker");
    await change("another");
    const told = eventsOfPolicy().map(({ reason, type, series, regarding }) => [reason, type, series?.count, regarding.name]);
    // The other one tells the first correction again, by the same name; the second comes with the next minute's writing.
    assert.deepEqual(told, [
      ["PolicyDrifted", "Warning", 2, POLICY],
      ["PolicyReapplied", "Normal", undefined, POLICY],
    ]);
    assert.match(eventsOfPolicy()[0]?.note ?? "", /changed was \/spec\/egressDeny\/0 by kubectl-edit, /);
  });

  test("is put right also where no Event can be written", async () => {
    await enable();
    world.fake.policies.edit(POLICY, "kubectl-edit", { egressDeny: [] });
    const refuse: Interposer = async (name, call) => {
      if (name === "writeEvent") throw new Error("events.k8s.io is forbidden");
      return call();
    };
    await world.round("worker", refuse);
    await world.round("worker", refuse);
    assert.equal((await status())?.policy?.state, "InSync");
    assert.deepEqual(eventsOfPolicy(), []);
  });

  test("is not said to be reconciled while a node's agent does not report, and the condition names the node and since when", async () => {
    await enable();
    const object = world.fake.objects.get("n1");
    assert.ok(object);
    const { status: _, ...silent } = object;
    world.fake.objects.set("n1", silent);
    await world.round();
    const after = await status();
    assert.equal(after?.policy?.state, "InSync");
    const reconciled = after.conditions.find(({ type }) => type === "PolicyReconciled");
    assert.deepEqual([reconciled?.status, reconciled?.reason], ["Unknown", "NotReported"]);
    assert.match(reconciled?.message ?? "", /^n1 \(not since 2\d{3}-.*Z\): The agent does not report\.$/);
  });

  test("is left alone after five corrections, and the wait names who writes it", async () => {
    await enable();
    for (let turn = 0; turn < 6; turn += 1) {
      world.fake.policies.edit(POLICY, "rival", { egressDeny: [] });
      await world.round();
    }
    await rounds(2);
    assert.ok(!policyIsOurs());
    const contested = await status();
    assert.equal(contested?.policy?.state, "Contested");
    const [wait] = contested.waits;
    assert.equal(wait?.reason, "PolicyContested");
    assert.match(wait?.message ?? "", /by rival/);
    assert.equal(typeof wait?.until, "number");
    assert.deepEqual(
      contested.warnings.map(({ id }) => id),
      ["network-policy-contested"],
    );
    assert.equal(contested.health, "Degraded");
  });

  test("whose name is somebody else's blocks, and theirs is never touched", async () => {
    world.fake.policies.edit(POLICY, "helm", { endpointSelector: { matchLabels: { app: "theirs" } } });
    const before = world.fake.policies.read(POLICY);
    const failed = await world.finish(await world.request("BpfVeth"));
    assert.deepEqual([failed.phase, failed.error?.details?.map(({ code }) => code)], ["Failed", ["PF-044"]]);
    assert.deepEqual(world.fake.policies.read(POLICY), before);
  });

  test("of a kind that the cluster does not know blocks", async () => {
    world.fake.policies.isSupported = false;
    const failed = await world.finish(await world.request("BpfVeth"));
    assert.deepEqual(
      failed.error?.details?.map(({ code }) => code),
      ["PF-045"],
    );
  });

  test("that cannot be written says why, is tried again, and no node is switched meanwhile", async () => {
    const refuse: Interposer = async (name, call) => {
      if (name === "applyPolicy") throw new Error('unknown field "spec.enableDefaultDeny"');
      return call();
    };
    const id = await world.request("BpfVeth");
    for (let round = 0; round < 12; round += 1) {
      await world.round("worker", refuse);
      world.fake.tick(1_000);
    }
    const [wait] = (await status())?.waits ?? [];
    assert.equal(wait?.reason, "PolicyNotInPlace");
    assert.match(wait?.message ?? "", /last attempt failed: .*enableDefaultDeny/);
    assert.deepEqual(
      [...world.fake.objects.values()].map(({ spec }) => spec.mode),
      ["Observe"],
    );
    assert.equal((await world.finish(id)).phase, "Succeeded");
  });

  test("in mode Warn is made once, and afterwards only watched", async () => {
    await world.close();
    world = await makeWorld(ADMIN_URL, { ...PATIENCE, policyMode: "Warn" });
    world.fake.addNode("n1");
    await enable();
    assert.ok(policyIsOurs());
    world.fake.policies.edit(POLICY, "team-x", { egressDeny: [] });
    await rounds(3);
    assert.ok(!policyIsOurs());
    const warned = (await status())?.warnings ?? [];
    assert.deepEqual(
      warned.map(({ id, message }) => [id, message.includes("by team-x")]),
      [["network-policy-drifted", true]],
    );
  });

  test("in mode Off is neither made nor missed, and one that is there stays", async () => {
    await world.close();
    world = await makeWorld(ADMIN_URL, { ...PATIENCE, policyMode: "Off" });
    world.fake.addNode("n1");
    await enable();
    assert.deepEqual(world.fake.policies.read(POLICY), { kind: "Absent" });
    assert.deepEqual(
      (await status())?.warnings.map(({ id }) => id),
      ["network-policy-notmanaged"],
    );
    world.fake.policies.apply(azureDestinationsPolicy, { replaceVersion: undefined });
    assert.equal((await world.finish(await world.request("None"))).phase, "Succeeded");
    assert.equal(world.fake.policies.read(POLICY).kind, "Present");
  });
});
