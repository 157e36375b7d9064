import assert from "node:assert/strict";
import { ENABLE_TIMEOUT_MS, expectEnabled } from "./expectations.ts";
import { journeyWhileOn } from "./journey.ts";
import { kernelView, labNodes, MODE_ON, onNode, type LabNode } from "./lab-nodes.ts";
import type { Stage } from "./stage.ts";
import { until } from "./until.ts";

const OFF_MS_MAX = 15_000;
const OFF_FILE = "/run/acns-hostrouting/off";

/** The two switches that need no control plane: one for the cluster, one on a node. */
export function emergencyOff(stage: Stage): void {
  const emergency = async (): Promise<void> => {
    const nodes = labNodes(stage.stateDir);
    await setClusterSwitch(stage, true);
    for (const node of nodes) await untilOff(node);
    await until("a wait that names the emergency", OFF_MS_MAX, async () => {
      const { waits } = (await stage.arm.hostRouting()).properties;
      return waits.some((wait) => wait.reason === "EmergencyOff" && wait.remedy !== "");
    });
    await setClusterSwitch(stage, false);
    await untilOn(stage);

    const [node] = nodes;
    assert.ok(node);
    await onNode(node, "touch", OFF_FILE);
    await untilOff(node);
    for (const other of nodes.slice(1)) assert.equal((await kernelView(other)).mode, MODE_ON, `${other.name} stays on`);
    await onNode(node, "rm", OFF_FILE);
    await untilOn(stage);
  };
  journeyWhileOn(
    stage,
    "emergency off, for the cluster and on one node: back on the stack at once, and on again once it is cleared",
    emergency,
  );
}

async function setClusterSwitch(stage: Stage, emergencyOff: boolean): Promise<void> {
  const patch = JSON.stringify({ spec: { emergencyOff } });
  await stage.cluster.kubectl("patch", "hostroutingconfig", "default", "--type=merge", "-p", patch);
}

function untilOff(node: LabNode): Promise<boolean> {
  return until(`${node.name} to be off`, OFF_MS_MAX, async () => (await kernelView(node)).mode !== MODE_ON);
}

async function untilOn(stage: Stage): Promise<void> {
  await until("every node to be on again", ENABLE_TIMEOUT_MS, async () =>
    (await stage.arm.nodes()).every((node) => node.properties.effectiveMode === "BpfVeth" && node.properties.phase === "Enabled"),
  );
  await expectEnabled(stage);
}
