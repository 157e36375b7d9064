import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { OperationId } from "@hostrouting/domain";
import { CLUSTER_ID, makeWorld, PATIENCE, type World } from "./testing/test-world.ts";

const ADMIN_URL = process.env["HOSTROUTING_TEST_DATABASE_URL"];
assert.ok(ADMIN_URL, "HOSTROUTING_TEST_DATABASE_URL names a Postgres on which databases may be created");

const POLICY = { ...PATIENCE, verifyIntervalMs: 0, attemptsMax: 1, canaryPerStratum: 0, batchPlan: [] };
const limits = { timeout: 120_000 };
const LATER_NAME = "zz-somebody";

/** A cluster with a stand-in for Cilium: see FakeCilium for what it does as Cilium documents it. */
describe("a cluster with a Cilium of its own", () => {
  let world: World;
  let calls: string[];

  beforeEach(async () => {
    world = await makeWorld(ADMIN_URL, POLICY, { driver: "cilium" });
    for (const name of ["n1", "n2"]) world.fake.addNode(name);
    world.fake.cilium.install();
    world.fake.tick(0);
    calls = [];
    world.fake.onCall = (name) => void calls.push(name);
  });
  afterEach(() => world.close());

  const routing = () => ["n1", "n2"].map((name) => world.fake.cilium.routingOf(name));
  const status = async () => (await world.store.clusters.status(CLUSTER_ID)).status;
  const rounds = async (count: number): Promise<void> => {
    for (let round = 0; round < count; round += 1) {
      await world.round();
      world.fake.tick(1_000);
    }
  };
  const untilPhase = async (id: OperationId, phase: string): Promise<void> => {
    while ((await world.operation(id)).phase !== phase) await rounds(1);
  };

  test("is switched on node by node, by Cilium's own word, and off again without a trace", limits, async () => {
    const on = await world.finish(await world.request("BpfVeth"));
    assert.deepEqual([on.phase, on.error], ["Succeeded", undefined]);
    assert.deepEqual(routing(), ["BPF", "BPF"]);
    assert.deepEqual([...world.fake.cilium.nodeConfigs.keys()], ["acns-hostrouting-n1", "acns-hostrouting-n2"]);
    await rounds(1);
    assert.equal((await status())?.state, "Enabled");
    const off = await world.finish(await world.request("None"));
    assert.deepEqual([off.phase, off.error], ["Succeeded", undefined]);
    assert.deepEqual(routing(), ["Legacy", "Legacy"]);
    assert.equal(world.fake.cilium.nodeConfigs.size, 0);
    assert.deepEqual([world.fake.daemonSet, world.fake.config, world.fake.objects.size], [undefined, undefined, 0]);
    const marks = [...world.fake.nodes.values()].map(({ metadata }) => [metadata?.labels, metadata?.annotations]);
    assert.ok(!JSON.stringify(marks).includes("hostrouting"), JSON.stringify(marks));
    assert.ok(!calls.includes("applyBundle") && !calls.includes("applyConfig") && !calls.includes("applyNodeObject"));
  });

  test("asks an agent again only when there is something new to hear", limits, async () => {
    await world.finish(await world.request("BpfVeth"));
    await rounds(2);
    calls.length = 0;
    await rounds(5);
    assert.deepEqual(
      calls.filter((name) => name === "ciliumAgentStatus"),
      [],
    );
    world.fake.cilium.deletePod(world.fake.cilium.pods()[0]?.metadata?.name ?? "");
    await rounds(2);
    assert.equal(calls.filter((name) => name === "ciliumAgentStatus").length, 1);
  });

  test("that lacks what eBPF routing needs is refused before anything is touched", limits, async () => {
    world.fake.cilium.install({ "kube-proxy-replacement": "false" });
    const ended = await world.finish(await world.request("BpfVeth"));
    assert.deepEqual([ended.phase, ended.error?.code], ["Failed", "PreflightBlocked"]);
    assert.deepEqual(
      ended.error?.details?.map(({ code, target }) => [code, target]),
      [["PF-027", "node n1, node n2"]],
    );
    assert.ok(!calls.includes("applyNodeConfig") && !calls.includes("deletePod"));
  });

  test("in which somebody overrides ours by a later name is refused", limits, async () => {
    world.fake.cilium.addNodeConfig(LATER_NAME, { "kubernetes.azure.com/agentpool": "user" }, { "enable-host-legacy-routing": "true" });
    const ended = await world.finish(await world.request("BpfVeth"));
    assert.deepEqual([ended.phase, ended.error?.details?.map(({ code }) => code)], ["Failed", ["PF-027"]]);
  });

  test("in which somebody overrides ours later on: the node is degraded and taken back", limits, async () => {
    const id = await world.request("BpfVeth");
    await untilPhase(id, "Rolling");
    world.fake.cilium.addNodeConfig(LATER_NAME, {}, { "enable-host-legacy-routing": "true" });
    const ended = await world.finish(id);
    assert.deepEqual(
      [ended.phase, ended.error?.code, ended.error?.details?.[0]?.code],
      ["Failed", "NodeSwitchFailed", "EffectiveModeMismatch"],
    );
    assert.deepEqual([...world.fake.cilium.nodeConfigs.keys()], [LATER_NAME], "what is left is somebody else's");
    const degraded = (await status())?.conditions.find(({ type }) => type === "Degraded");
    assert.deepEqual([degraded?.status, degraded?.reason], ["True", "EffectiveModeMismatch"]);
  });

  test("whose agent does not come back: nobody claims to know how its node routes, and no other is begun with", limits, async () => {
    const id = await world.request("BpfVeth");
    await untilPhase(id, "Rolling");
    world.fake.cilium.hanging.add("n1");
    await rounds(10);
    assert.deepEqual(
      (await status())?.nodes.map(({ name, phase, effectiveMode }) => [name, phase, effectiveMode]),
      [
        ["n1", "Switching", "Unknown"],
        ["n2", "Pending", "Legacy"],
      ],
    );
  });

  test("that routes by eBPF by itself is left alone, and nothing is claimed", limits, async () => {
    world.fake.cilium.install({ "enable-host-legacy-routing": "false" });
    for (const pod of world.fake.cilium.pods()) world.fake.cilium.deletePod(pod.metadata?.name ?? "");
    world.fake.tick(0);
    await rounds(2);
    assert.deepEqual([(await status())?.effectiveMode, (await status())?.state], ["None", "Disabled"]);
    assert.deepEqual(
      (await status())?.nodes.map(({ effectiveMode, reason }) => [effectiveMode, reason]),
      [
        ["BpfVeth", "HostRoutingByCilium"],
        ["BpfVeth", "HostRoutingByCilium"],
      ],
    );
    assert.ok(!calls.includes("applyPolicy") && !calls.includes("applyNodeConfig") && !calls.includes("deletePod"));
  });

  test("whose objects somebody edits gets them back as they were", limits, async () => {
    await world.finish(await world.request("BpfVeth"));
    const [[name, object] = ["", undefined]] = [...world.fake.cilium.nodeConfigs];
    assert.ok(object);
    world.fake.cilium.nodeConfigs.set(name, { ...object, spec: { ...object.spec, defaults: { "enable-host-legacy-routing": "true" } } });
    calls.length = 0;
    await rounds(3);
    assert.deepEqual(world.fake.cilium.nodeConfigs.get(name)?.spec.defaults, object.spec.defaults);
    assert.ok(!calls.includes("deletePod"), "the agent that runs has it in force already");
  });
});
