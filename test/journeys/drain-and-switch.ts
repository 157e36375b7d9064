import assert from "node:assert/strict";
import { disable, ENABLE_TIMEOUT_MS, expectDisabled, expectEnabled, someNodeInFlight } from "./expectations.ts";
import { journey } from "./journey.ts";
import type { Stage } from "./stage.ts";
import { until } from "./until.ts";
import { SHORT_SOAKS, withPolicy } from "./with-policy.ts";

/** A node's last connections are waited for until they have been idle this long. */
const IDLE_MS = 1_000;
/** From the first refusal until status tells whose budget it is. */
const NAMED_WITHIN_MS = 45_000;

/** The policy's other value: pods are moved away first, as far as disruption budgets allow. */
export function drainAndSwitch(stage: Stage): void {
  journey(
    stage,
    "DrainAndSwitch against a disruption budget that blocks: it is named, and the rollout goes on once it gives way",
    async () => {
      const budget = (minAvailable: number) => ({
        apiVersion: "policy/v1",
        kind: "PodDisruptionBudget",
        metadata: { name: "web", namespace: "demo" },
        spec: { minAvailable, selector: { matchLabels: { app: "web" } } },
      });
      const drained = async (): Promise<void> => {
        await stage.cluster.apply(budget(4));
        const on = await stage.arm.setMode("BpfVeth");
        await someNodeInFlight(stage, ["Draining"]);
        const wait = await until("a wait that names the budget", NAMED_WITHIN_MS, async () => {
          const { waits } = (await stage.arm.hostRouting()).properties;
          return waits.find((one) => one.reason === "PodDisruptionBudget");
        });
        assert.match(`${wait.subject} ${wait.message}`, /demo\/web/);
        assert.notEqual(wait.remedy, "");
        await stage.cluster.apply(budget(3));
        assert.equal((await stage.arm.settle(on, 2 * ENABLE_TIMEOUT_MS)).status, "Succeeded");
        await expectEnabled(stage);
      };
      const policy = { ...SHORT_SOAKS, nodeAction: "DrainAndSwitch", drainConnectionIdleMs: IDLE_MS } as const;
      await withPolicy(stage, policy, drained).finally(() => stage.cluster.apply(budget(3)));
      await disable(stage);
      await expectDisabled(stage);
    },
  );
}
