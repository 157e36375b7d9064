import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { unpin } from "@hostrouting/bpf-loader";
import { effectiveMode } from "../../services/node-agent/src/host-routing/effective-mode.ts";
import { LATER_PROGRAM_NAMES, pinFolders } from "../../services/node-agent/src/host-routing/pin-folder.ts";
import { dieAfter, spread } from "./crash.ts";
import { FlowMatrix } from "./matrix.ts";
import { masqueradeWish } from "./masquerade-wish.ts";
import { on, OUTSIDE, PORT, TwoNodes, type TestAgent } from "./two-nodes.ts";
import {
  exchangeOnce,
  isBroken as isBrokenOtherwise,
  startEcho,
  startFlows,
  stopTraffic,
  type FlowPlan,
  type FlowResult,
} from "./traffic.ts";

/** Moments at which an agent dies, spread over all that it does. */
const DEATHS = 6;
/** Some twenty pings. */
const WHILE_MS = 200;
const ROUNDS_MAX = 10;
/** A tenth of a second's pings: what may be under way when an agent dies. */
const LOST_MAX = 10;

/** Whether a flow had an error, was silent, or lost more than that. */
function isBroken(flow: FlowResult): boolean {
  return flow.lost > LOST_MAX || isBrokenOtherwise({ ...flow, lost: 0 });
}

describe("whatever happens to the agent or its tables", () => {
  let nodes: TwoNodes;
  let generation = 0;

  before(async () => {
    nodes = new TwoNodes();
    for (const place of ["b", "c", "out"]) await startEcho(nodes, place, PORT);
  });
  after(() => {
    stopTraffic();
    nodes.close();
  });
  afterEach(() => turnOff(nodes.agent(1)));

  const turnOn = (agent: TestAgent): ReturnType<TestAgent["reconcile"]> =>
    agent.reconcile(on(generation, 1, { masquerade: masqueradeWish() }));
  /** Test devices of an agent that was killed go with a delay; meanwhile the next one cannot test itself. */
  const finishOn = async (agent: TestAgent): Promise<void> => {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      if (effectiveMode(turnOn(agent)).mode === "BpfVeth") return;
      await pause(WHILE_MS);
    }
    assert.fail(effectiveMode(turnOn(agent)).message);
  };
  const turnOff = (agent: TestAgent): void => {
    for (let round = 0; round < ROUNDS_MAX; round++) if (agent.reconcile({ kind: "off", atOnce: true }).control === undefined) return;
    assert.fail("the node is not off");
  };
  const translated = (): FlowPlan[] =>
    (["tcp", "udp"] as const).flatMap((protocol) =>
      [OUTSIDE.v4, OUTSIDE.v6, nodes.pod("c").v4].map((address) => ({ name: `${protocol} ${address}`, protocol, address, port: PORT })),
    );

  it("an agent that is killed while it switches on breaks no flow, and the next one finishes", async () => {
    generation++;
    const total = dieAfter(Infinity, () => turnOn(nodes.agent(1)));
    turnOff(nodes.agent(1));
    for (const changes of spread(total, DEATHS)) {
      generation++;
      const flows = await startFlows(nodes, "a", translated());
      dieAfter(changes, () => turnOn(nodes.agent(1)));
      const between = await startFlows(nodes, "a", translated());
      await pause(WHILE_MS);
      const next = nodes.agent(1);
      await finishOn(next);
      await pause(WHILE_MS);
      turnOff(next);
      await pause(WHILE_MS);
      const results = [...(await flows.finish()), ...(await between.finish())];
      assert.deepEqual(results.filter(isBroken), [], `after ${changes} of ${total} changes`);
    }
  });

  for (const then of ["off", "on"] as const)
    it(`an agent that is killed while it switches off breaks no flow, and the next one goes ${then}`, async () => {
      generation++;
      const counting = nodes.agent(1);
      turnOn(counting);
      const counted = await startFlows(nodes, "a", translated());
      const total = dieAfter(Infinity, () => turnOff(counting));
      await counted.finish();
      for (const changes of spread(total, DEATHS)) {
        generation++;
        const agent = nodes.agent(1);
        turnOn(agent);
        const flows = await startFlows(nodes, "a", translated());
        dieAfter(changes, () => turnOff(agent));
        await pause(WHILE_MS);
        generation++;
        if (then === "off") turnOff(nodes.agent(1));
        else await finishOn(nodes.agent(1));
        await pause(WHILE_MS);
        assert.deepEqual((await flows.finish()).filter(isBroken), [], `after ${changes} of ${total} changes`);
        turnOff(nodes.agent(1));
      }
    });

  for (const [lacking, names] of [
    ["", []],
    [", which lacks the programs that came later", LATER_PROGRAM_NAMES],
  ] as const)
    it(`a former version's translated flows keep their ports under the next version's programs${lacking}`, async () => {
      generation++;
      turnOn(nodes.agent(1));
      const [folder] = pinFolders(nodes.pinRoot(1));
      for (const name of names) unpin(folder?.program(name) ?? "");
      const flows = await startFlows(nodes, "a", translated());
      await pause(WHILE_MS);
      generation++;
      const next = nodes.agent(1, { version: "ba9876543210" });
      const { devices } = turnOn(next);
      assert.ok(devices.every(({ attached }) => attached));
      await pause(WHILE_MS);
      turnOff(next);
      await pause(WHILE_MS);
      assert.deepEqual((await flows.finish()).filter(isBroken), []);
    });

  it("no flow breaks when every table of flows is emptied in its middle", async () => {
    generation++;
    const agent = nodes.agent(1);
    const flows = new FlowMatrix(nodes);
    await flows.begin("before");
    turnOn(agent);
    await flows.begin("on");
    for (let turn = 0; turn < 3; turn++) {
      const maps = (["hr_nat_out", "hr_nat_in", "hr_flows"] as const).map((name) => nodes.pinnedMap(1, name));
      const keys = maps.map((map) => map.keys());
      assert.ok(keys.every(({ length }) => length > 0));
      for (const [index, map] of maps.entries()) for (const key of keys[index] ?? []) map.delete(key);
      for (const map of maps) map.close();
      await pause(WHILE_MS);
    }
    turnOff(agent);
    await flows.begin("after");
    assert.deepEqual((await flows.finish()).filter(isBroken), []);
  });

  it("pods that come and go under load with the same address get their own packets only", async () => {
    generation++;
    const agent = nodes.agent(1);
    turnOn(agent);
    const others = await startFlows(nodes, "a", translated());
    for (let turn = 0; turn < 3; turn++) {
      const name = `t${turn}`;
      nodes.addPod({ name, node: 1, v4: "10.201.1.77", v6: "fd00:201:1::77" });
      agent.run(() => agent.datapath.follow());
      await startEcho(nodes, name, PORT + 1 + turn);
      for (const family of ["v4", "v6"] as const) {
        const plan = { name, protocol: "tcp", address: nodes.pod(name)[family] } as const;
        assert.equal(await exchangeOnce(nodes, "a", { ...plan, port: PORT + 1 + turn }), null);
        // the port of the pod that had the address before
        assert.notEqual(await exchangeOnce(nodes, "a", { ...plan, port: PORT + turn }), null);
      }
      nodes.removePod(name);
      agent.run(() => agent.datapath.follow());
    }
    assert.deepEqual((await others.finish()).filter(isBroken), []);
  });
});
