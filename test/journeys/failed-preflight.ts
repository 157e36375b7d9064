import assert from "node:assert/strict";
import { disable, ENABLE_TIMEOUT_MS, expectDisabled, expectNothingCordoned, someNodeInFlight } from "./expectations.ts";
import { journey } from "./journey.ts";
import { kernelView, labNodes, onNode, type LabNode } from "./lab-nodes.ts";
import { readEvents } from "./read-events.ts";
import type { ArmFault } from "./shapes.ts";
import type { Stage } from "./stage.ts";
import { until } from "./until.ts";

/** A scan follows a change within half a second, and an Event the scan; a busy machine takes longer. */
const EVENT_TIMEOUT_MS = 45_000;

/** A cluster that cannot be switched is left alone. */
export function failedPreflight(stage: Stage): void {
  journey(
    stage,
    "a cluster that fails preflight: Failed with a detail per check, nothing was touched, and only the rules' removal frees it",
    async () => {
      const node = labNodes(stage.stateDir).at(-1);
      assert.ok(node);
      const blocked = await withForeignRules(node, async () => {
        const operation = await stage.arm.settle(await stage.arm.setMode("BpfVeth"), ENABLE_TIMEOUT_MS);
        assert.equal(operation.status, "Failed");
        assert.equal(operation.error?.code, "PreflightBlocked");
        const details = operation.error?.details ?? [];
        const detail = (wanted: string): ArmFault | undefined => details.find(({ code }) => code === wanted);
        assert.ok(JSON.stringify(detail("PF-009") ?? {}).includes(node.name), JSON.stringify(operation.error));
        await expectTold(stage, node.name, /cali-FORWARD/);
        return detail("PF-030")?.message ?? "";
      });
      for (const each of labNodes(stage.stateDir)) assert.deepEqual((await kernelView(each)).pins, []);
      assert.deepEqual(await stage.cluster.list("daemonsets", "-n", "acns-hostrouting"), []);
      await expectNothingCordoned(stage);
      assert.equal(commandsOf(blocked).length, 2, blocked);
      await stage.arm.setMode("BpfVeth");
      await someNodeInFlight(stage, ["Enabled"]);
      await disable(stage);
      await expectDisabled(stage);
    },
  );
}

/**
 * Rules as Calico leaves them: a policy that packets on the fast path would not meet. (A label would do too, but the kubelet puts back its own.)
 * They are taken away by the commands that the answer of `work` names, and by nothing else unless it fails.
 */
async function withForeignRules(node: LabNode, work: () => Promise<string>): Promise<string> {
  const iptables = (...args: string[]): Promise<string> => onNode(node, "iptables", "-w", ...args);
  await iptables("-N", "cali-FORWARD");
  await iptables("-A", "cali-FORWARD", "-s", "192.0.2.1", "-j", "DROP");
  await iptables("-A", "FORWARD", "-j", "cali-FORWARD");
  let told = "";
  try {
    told = await work();
    for (const command of commandsOf(told)) await onNode(node, ...command.split(" "));
    assert.doesNotMatch(await iptables("-S"), /-A cali-FORWARD|-j cali-FORWARD/);
  } finally {
    await iptables("-D", "FORWARD", "-j", "cali-FORWARD").catch(() => "");
    await iptables("-F", "cali-FORWARD").catch(() => "");
    await iptables("-X", "cali-FORWARD");
  }
  return told;
}

/** The commands that PF-030 names: without quotes, since these rules need none. */
function commandsOf(told: string): string[] {
  return [...told.matchAll(/to remove: (iptables-nft [^;]*? -j (?:DROP|cali-FORWARD))\./g)].map(([, command = ""]) => command);
}

/** The agent's Event about a node's rules, as `kubectl describe node` shows it. */
async function expectTold(stage: Stage, node: string, note: RegExp): Promise<void> {
  await until(`an Event UnexpectedIPTablesRules of ${node}`, EVENT_TIMEOUT_MS, async () =>
    (await readEvents(stage, { kind: "Node", name: node })).some(
      ({ reason, message }) => reason === "UnexpectedIPTablesRules" && note.test(message),
    ),
  );
}
