import assert from "node:assert/strict";
import { journeyWhileOn } from "./journey.ts";
import { labNodes } from "./lab-nodes.ts";
import { withPrivilegedPod, type PrivilegedPod } from "./privileged-pod.ts";
import { readEvents } from "./read-events.ts";
import { reportedGuard } from "./reported-guard.ts";
import type { Stage } from "./stage.ts";
import { until } from "./until.ts";

/** Attempts are read ten times a second, and an Event is written at once; a busy machine takes longer. */
const EVENT_TIMEOUT_MS = 20_000;
/** A scan follows within a second, and reports are written when something has changed. */
const REPORT_TIMEOUT_MS = 45_000;
const POD = "writes-rules";

/** What the pod writes, by each backend, and what is told of it. */
const RULE = "FORWARD -d 192.0.2.1 -m comment --comment mine -j DROP";
const ATTEMPTS: readonly (readonly [tool: string, named: RegExp])[] = [
  ["iptables-nft", /wanted to write ip filter FORWARD: ip daddr 192\.0\.2\.1 .*comment "mine".* drop/],
  ["iptables-legacy", /wanted to write ip filter: the whole table anew/],
];

/** A node's rules, told of where nobody can refuse them. On a machine whose kernel lets the guard refuse, they are refused and told of so. */
export function auditedRules(stage: Stage): void {
  journeyWhileOn(stage, "rules that a privileged pod writes on a node of namespaces are Events on the pod and on the node", async () => {
    const [node] = labNodes(stage.stateDir);
    assert.ok(node);
    const before = await reportedGuard(stage, node.name);
    const refuses = before.rung !== "Audit";
    await withPrivilegedPod(stage, { node: node.name, name: POD }, async (pod) => {
      for (const [tool] of ATTEMPTS) await writeAndRemove(pod, tool, refuses);
      const reason = refuses ? "BlockedIPTablesRule" : "AuditedIPTablesRule";
      for (const [tool, named] of ATTEMPTS) {
        await expectEvent(stage, { kind: "Pod", name: POD }, { what: `${tool} on the pod`, reason, named });
        await expectEvent(stage, { kind: "Node", name: node.name }, { what: `${tool} on the node`, reason, named });
      }
      const [event] = (await readEvents(stage, { kind: "Node", name: node.name })).filter(({ message }) => ATTEMPTS[0]?.[1].test(message));
      assert.match(event?.message ?? "", new RegExp(`pid \\d+, started by .*, in pod default/${POD}`));
    });
    await until("the attempts to be counted", REPORT_TIMEOUT_MS, async () => {
      const { blocked = 0, audited = 0 } = await reportedGuard(stage, node.name);
      return blocked + audited >= (before.blocked ?? 0) + (before.audited ?? 0) + ATTEMPTS.length;
    });
    await until(`${node.name} to be clean again`, REPORT_TIMEOUT_MS, async () => {
      const { status } = await stage.cluster.get(`hostroutingnode/${node.name}`);
      return status?.conditions?.some(({ type, status: is }) => type === "RulesClean" && is === "True");
    });
  });
}

/** The rule is gone again also when what follows fails. */
async function writeAndRemove(pod: PrivilegedPod, tool: string, refuses: boolean): Promise<void> {
  const run = (verb: string): ReturnType<PrivilegedPod["runOnNode"]> => pod.runOnNode("sh", "-c", `${tool} -w ${verb} ${RULE}`);
  const { code, stderr } = await run("-A");
  assert.equal(code === 0, !refuses, `${tool}: ${stderr}`);
  if (refuses) return;
  const removed = await run("-D");
  assert.equal(removed.code, 0, `${tool}: ${removed.stderr}`);
}

async function expectEvent(
  stage: Stage,
  about: { kind: "Node" | "Pod"; name: string },
  { what, reason, named }: { what: string; reason: string; named: RegExp },
): Promise<void> {
  await until(`an Event ${reason} of ${what}`, EVENT_TIMEOUT_MS, async () =>
    (await readEvents(stage, about)).some((event) => event.reason === reason && named.test(event.message)),
  );
}
