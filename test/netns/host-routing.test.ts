import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { effectiveMode } from "../../services/node-agent/src/host-routing/effective-mode.ts";
import { on, PORT, SERVICES, TwoNodes, type TestAgent } from "./two-nodes.ts";
import { startEcho, startFlows, stopTraffic, type FlowPlan, type FlowResult } from "./traffic.ts";

/** A flow that is silent for longer counts as broken. */
const SILENCE_MAX_MS = 500;
/** How long flows run in each phase. */
const PHASE_MS = 400;

describe("pods of two nodes", () => {
  let nodes: TwoNodes;
  let first: TestAgent;
  let second: TestAgent;

  before(async () => {
    nodes = new TwoNodes();
    for (const pod of ["b", "c"]) await startEcho(nodes, pod, PORT);
    first = nodes.agent(1);
    second = nodes.agent(2);
  });
  after(() => {
    stopTraffic();
    nodes.close();
  });

  it("keeps every flow through enable, drain and detach, in whatever phase it began", async () => {
    const phases: { finish: () => Promise<FlowResult[]> }[] = [];
    const begin = async (phase: string): Promise<void> => {
      phases.push(await startFlows(nodes, "a", allKinds(nodes, phase)));
      await pause(PHASE_MS);
    };
    await begin("before");
    assert.partialDeepStrictEqual(effectiveMode(first.reconcile(on(1, 1))), { mode: "BpfVeth", reason: "Switched" });
    assert.partialDeepStrictEqual(effectiveMode(second.reconcile(on(1, 2))), { mode: "BpfVeth", reason: "Switched" });
    await begin("on");
    const { counters, devices } = first.reconcile(on(1, 1));
    for (const agent of [first, second]) agent.reconcile({ kind: "off", atOnce: false });
    await begin("drain");
    await pause(2000);
    for (const agent of [first, second]) assert.equal(agent.reconcile({ kind: "off", atOnce: false }).control, undefined);
    await begin("after");
    const results = (await Promise.all(phases.map((phase) => phase.finish()))).flat();
    assert.equal(results.length, 4 * allKinds(nodes, "").length);
    assert.deepEqual(results.filter(isBroken), []);
    assert.deepEqual(devices.map(({ name, attached }) => `${name} ${attached}`).sort(), ["eth0 true", "la true", "lb true"]);
    assert.ok(counters.fromPod.FastLocal > 50, `local ${counters.fromPod.FastLocal}`);
    assert.ok(counters.fromPod.FastRemote + counters.fromPod.FastRemoteNeigh > 50, `remote ${counters.fromPod.FastRemote}`);
    assert.ok(counters.fromNet.FastFromNet > 50, `from net ${counters.fromNet.FastFromNet}`);
    assert.ok(counters.fromPod.StackClass > 50, `to Services ${counters.fromPod.StackClass}`);
  });
});

function allKinds(nodes: TwoNodes, phase: string): FlowPlan[] {
  return (["tcp", "udp"] as const).flatMap((protocol) =>
    (["v4", "v6"] as const).flatMap((family) =>
      [nodes.pod("b"), nodes.pod("c"), ...SERVICES].map((target) => ({
        name: `${phase} ${protocol} ${target[family]}`,
        protocol,
        address: target[family],
        port: PORT,
      })),
    ),
  );
}

function isBroken({ answers, lost, silenceMs, error }: FlowResult): boolean {
  return error !== null || answers === 0 || lost > 2 || silenceMs > SILENCE_MAX_MS;
}
