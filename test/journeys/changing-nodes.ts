import assert from "node:assert/strict";
import { disable, ENABLE_TIMEOUT_MS, expectDisabled, expectEnabled } from "./expectations.ts";
import { journey } from "./journey.ts";
import { killInLab } from "./lab-nodes.ts";
import type { Stage } from "./stage.ts";
import { until } from "./until.ts";

const IN_FLIGHT = ["Installing", "Switching", "Verifying", "Confirming", "Soaking"];
/** The cluster takes a node for lost 20 s after its kubelet's last word. */
const LOST_TIMEOUT_MS = 60_000;

/** Nodes leave, die and join while and after a rollout. */
export function changingNodes(stage: Stage): void {
  journey(
    stage,
    "a node whose kubelet is killed half-way is waited for by name until it is removed; one deleted half-way is forgotten; those that join afterwards are switched without being asked for",
    async () => {
      const on = await stage.arm.setMode("BpfVeth");
      const lost = await userNodeInFlight(stage);
      killInLab(stage.stateDir, `${lost}/kubelet`);
      const gone = await userNodeInFlight(stage, lost);
      await stage.cluster.lab("remove-node", gone);
      await until(`the operation to wait for ${lost}`, LOST_TIMEOUT_MS, async () =>
        (await stage.arm.hostRouting()).properties.waits.some(({ reason, subject }) => reason === "NodeNotReady" && subject === lost),
      );
      await stage.cluster.lab("remove-node", lost);
      assert.equal((await stage.arm.settle(on, ENABLE_TIMEOUT_MS)).status, "Succeeded");
      await expectEnabled(stage);
      for (let joined = 0; joined < 2; joined++) await stage.cluster.lab("add-node");
      await until("the new nodes to be enabled", 90_000, async () => {
        const nodes = await stage.arm.nodes();
        return (
          nodes.length === 3 && nodes.every((node) => node.properties.effectiveMode === "BpfVeth" && node.properties.phase === "Enabled")
        );
      });
      await expectEnabled(stage);
      await disable(stage);
      await expectDisabled(stage);
    },
  );
}

/** Name of a user node that is being switched, other than `except`. */
function userNodeInFlight({ arm }: Stage, except = ""): Promise<string> {
  return until("a user node that is being switched", 60_000, async () => {
    const nodes = await arm.nodes();
    return nodes.find(({ name, properties }) => name.startsWith("aks-user") && name !== except && IN_FLIGHT.includes(properties.phase))
      ?.name;
  });
}
