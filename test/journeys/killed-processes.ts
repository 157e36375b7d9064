import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import {
  DISABLE_TIMEOUT_MS,
  disable,
  ENABLE_TIMEOUT_MS,
  expectCanariesGone,
  expectDisabled,
  expectEnabled,
  OWN_DEVICES,
  someNodeInFlight,
} from "./expectations.ts";
import { journey, journeyWhileOn } from "./journey.ts";
import type { KernelView } from "./kernel-view.ts";
import { agentPid, kernelView, labNodes, MODE_ON, signalAgent } from "./lab-nodes.ts";
import type { Stage } from "./stage.ts";
import { until } from "./until.ts";

/** Phases in which a node is between the first write and the last. */
const IN_THE_MIDDLE = ["Installing", "Switching", "Verifying", "Confirming", "Soaking", "Detaching"];

/** Each process is killed in the middle of a node; the operation that was accepted is carried on by what is started again. */
export function killedProcesses(stage: Stage): void {
  for (const service of ["rollout-worker", "control-plane", "postgres"] as const)
    journey(stage, `kill -9 of ${service} in the middle of a node: the same operation succeeds, on and off`, async () => {
      const on = await stage.arm.setMode("BpfVeth");
      await someNodeInFlight(stage, IN_THE_MIDDLE);
      stage.kill(service);
      assert.equal((await stage.arm.settle(on, ENABLE_TIMEOUT_MS)).status, "Succeeded");
      await expectEnabled(stage);

      const off = await stage.arm.setMode("None");
      await someNodeInFlight(stage, IN_THE_MIDDLE);
      stage.kill(service);
      assert.equal((await stage.arm.settle(off, DISABLE_TIMEOUT_MS)).status, "Succeeded");
      await expectDisabled(stage);
    });

  journey(
    stage,
    "agent and worker killed before the confirmation: the kernel gives the node back to the stack, then it is tried again",
    async () => {
      await stage.arm.setPolicy({ confirmSeconds: 4 });
      try {
        const on = await stage.arm.setMode("BpfVeth");
        const node = await switchedAndUnconfirmed(stage);
        stage.kill("rollout-worker");
        // The kubelet starts the agent again at once the first time, and after ten seconds the second time.
        const first = await signalAgent(node, "SIGKILL");
        await until("the agent that is started again", 10_000, async () => (await agentPid(node).catch(() => first)) !== first);
        await signalAgent(node, "SIGKILL");
        // Nobody who could confirm is there before the dead worker's lease ends (10 s), so only the kernel's own timer can do this.
        await until(`the kernel of ${node.name} to switch itself off`, 15_000, async () => (await kernelView(node)).mode !== MODE_ON);
        assert.equal((await stage.arm.settle(on, ENABLE_TIMEOUT_MS)).status, "Succeeded");
        await expectEnabled(stage);
      } finally {
        await stage.arm.setPolicy({ confirmSeconds: 30 });
      }
      await disable(stage);
      await expectDisabled(stage);
    },
  );
}

/** An agent that ends while its node is on takes nothing with it. */
export function killedAgent(stage: Stage): void {
  const killed = async (): Promise<void> => {
    await expectCanariesGone(stage);
    const [node] = labNodes(stage.stateDir);
    assert.ok(node);
    const before = await until("a look at the kernel without the agent's own devices", 15_000, async () => {
      const view = await kernelView(node);
      return podsDevices(view).length === view.devices.length && view;
    });
    await signalAgent(node, "SIGKILL");
    const killedAt = Date.now();
    const without = await kernelView(node);
    assert.equal(without.mode, MODE_ON);
    assert.deepEqual(podsDevices(without), podsDevices(before));
    await until("the agent to report again", 30_000, async () => {
      const report = (await stage.cluster.get(`hostroutingnodes/${node.name}`)).status;
      return report?.effectiveMode === "BpfVeth" && Date.parse(report.observedAt ?? "") > killedAt;
    });
    // the next agent probes at once, by a device of its own, which has a pin as any pod's has
    await until("the same pins as before", 10_000, async () => isDeepStrictEqual((await kernelView(node)).pins, before.pins));
    await expectEnabled(stage);
  };
  journeyWhileOn(stage, "agent killed while on: its programs stay, and the next agent adopts them", killed);
}

function podsDevices({ devices }: KernelView): KernelView["devices"] {
  return devices.filter(({ name }) => !OWN_DEVICES.test(name));
}

function switchedAndUnconfirmed(stage: Stage) {
  return until("a node that is switched and not confirmed", 60_000, async () => {
    for (const object of await stage.cluster.list("hostroutingnodes"))
      if (object.status?.effectiveMode === "BpfVeth" && object.spec.confirmedGeneration !== object.spec.generation)
        return labNodes(stage.stateDir).find((node) => node.name === object.metadata.name);
    return undefined;
  });
}
