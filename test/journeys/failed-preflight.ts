import assert from "node:assert/strict";
import { disable, ENABLE_TIMEOUT_MS, expectDisabled, expectNothingCordoned } from "./expectations.ts";
import { journey } from "./journey.ts";
import { kernelView, labNodes, onNode } from "./lab-nodes.ts";
import type { Stage } from "./stage.ts";
import { until } from "./until.ts";

/** A scan follows a change within half a second, and an Event the scan. */
const EVENT_TIMEOUT_MS = 10_000;

/** A cluster that cannot be switched is left alone. */
export function failedPreflight(stage: Stage): void {
  journey(stage, "a cluster that fails preflight: Failed with a detail per check, and nothing was touched", async () => {
    const node = labNodes(stage.stateDir).at(-1);
    assert.ok(node);
    // as Calico leaves it: a policy that packets on the fast path would not meet. (A label would do too, but the kubelet puts back its own.)
    const rules = (verb: "-A" | "-D"): Promise<string[]> =>
      Promise.all([
        onNode(node, "iptables", "-w", verb, "cali-FORWARD", "-s", "192.0.2.1", "-j", "DROP"),
        onNode(node, "iptables", "-w", verb, "FORWARD", "-j", "cali-FORWARD"),
      ]);
    await onNode(node, "iptables", "-w", "-N", "cali-FORWARD");
    await rules("-A");
    try {
      const operation = await stage.arm.settle(await stage.arm.setMode("BpfVeth"), ENABLE_TIMEOUT_MS);
      assert.equal(operation.status, "Failed");
      assert.equal(operation.error?.code, "PreflightBlocked");
      const details = operation.error?.details ?? [];
      const textOf = (wanted: string): string => JSON.stringify(details.find(({ code }) => code === wanted) ?? {});
      assert.ok(textOf("PF-009").includes(node.name), JSON.stringify(operation.error));
      assert.match(textOf("PF-030"), /-A cali-FORWARD -s 192\.0\.2\.1\/32 -j DROP .*to remove: iptables-nft -t filter -D cali-FORWARD/);
      await expectEvents(stage, node.name, ["UnexpectedIPTablesRules"]);
    } finally {
      await rules("-D");
      await onNode(node, "iptables", "-w", "-X", "cali-FORWARD");
    }
    for (const each of labNodes(stage.stateDir)) assert.deepEqual((await kernelView(each)).pins, []);
    assert.deepEqual(await stage.cluster.list("daemonsets", "-n", "acns-hostrouting"), []);
    await expectNothingCordoned(stage);
    await disable(stage);
    await expectDisabled(stage);
  });
}

/** Reasons of the agent's Events about a node, the oldest first, as `kubectl describe node` shows them. */
async function expectEvents(stage: Stage, node: string, reasons: readonly string[]): Promise<void> {
  const selector = `involvedObject.kind=Node,involvedObject.name=${node},reportingComponent=hostrouting.acns.azure.com/agent`;
  await until(`Events ${reasons.join(", ")} of ${node}`, EVENT_TIMEOUT_MS, async () => {
    const events = await stage.cluster.list(
      "events",
      "-n",
      "default",
      "--field-selector",
      selector,
      "--sort-by",
      "metadata.creationTimestamp",
    );
    const told = events.map((event) => (event as unknown as { reason: string }).reason);
    return told.join() === reasons.join() ? told : undefined;
  });
}
