import assert from "node:assert/strict";
import { disable, ENABLE_TIMEOUT_MS, expectDisabled, expectEnabled } from "./expectations.ts";
import { journey } from "./journey.ts";
import type { Stage } from "./stage.ts";
import { until } from "./until.ts";

const IN_FLIGHT = ["Installing", "Switching", "Verifying", "Confirming", "Soaking"];

/** Nodes leave and join while and after a rollout. */
export function changingNodes(stage: Stage): void {
  journey(stage, "a node deleted half-way is forgotten; one that joins afterwards is switched without being asked for", async () => {
    const on = await stage.arm.setMode("BpfVeth");
    const gone = await until("a user node that is being switched", 60_000, async () =>
      (await stage.arm.nodes()).find((node) => node.name.startsWith("aks-user") && IN_FLIGHT.includes(node.properties.phase)),
    );
    await stage.cluster.lab("remove-node", gone.name);
    assert.equal((await stage.arm.settle(on, ENABLE_TIMEOUT_MS)).status, "Succeeded");
    await expectEnabled(stage);
    await stage.cluster.lab("add-node");
    await until("the new node to be enabled", 90_000, async () => {
      const nodes = await stage.arm.nodes();
      return (
        nodes.length === 3 && nodes.every((node) => node.properties.effectiveMode === "BpfVeth" && node.properties.phase === "Enabled")
      );
    });
    await expectEnabled(stage);
    await disable(stage);
    await expectDisabled(stage);
  });
}
