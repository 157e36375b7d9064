import assert from "node:assert/strict";
import { expectDeniedThroughout, withoutNodeRules } from "./denied-destinations.ts";
import { disable, DISABLE_TIMEOUT_MS, ENABLE_TIMEOUT_MS, expectDisabled } from "./expectations.ts";
import { journey, journeyWhileOn } from "./journey.ts";
import { kernelView, labNodes, MODE_ON, onNode } from "./lab-nodes.ts";
import type { Drift } from "./shapes.ts";
import type { Stage } from "./stage.ts";
import { until } from "./until.ts";

const KIND = "ciliumclusterwidenetworkpolicy";
const NAME = "block-azure-destinations";
/** Promised; the watch usually sees to it within a second. */
const HEALED_MS_MAX = 60_000;
/** A scan follows a change within half a second, and a report the scan; a busy machine takes longer. */
const NOTICED_MS_MAX = 45_000;

/** Somebody else's hands in the policy that stands for the nodes' rules. */
export function networkPolicy(stage: Stage): void {
  const healing = async (): Promise<void> => {
    const desired = await specOf(stage);
    const changes = [
      ["narrowed", { endpointSelector: { matchLabels: { app: "none" } } }, "/spec/endpointSelector/matchLabels"],
      ["edited", { egressDeny: [{ toCIDR: ["192.0.2.1/32"] }] }, "/spec/egressDeny/0/toCIDR/0"],
    ] as const;
    for (const [what, spec, path] of changes) {
      const patch = JSON.stringify({ spec });
      await stage.cluster.kubectl("patch", KIND, NAME, "--type=merge", "-p", patch, `--field-manager=team-${what}`);
      await healed(stage, { desired, what }, (drift) => drift.path === path && drift.manager === `team-${what}`);
    }
    await stage.cluster.kubectl("delete", KIND, NAME);
    await healed(stage, { desired, what: "deleted" }, (drift) => drift.path === "" && drift.manager === undefined);
  };
  journeyWhileOn(
    stage,
    "the network policy is put right when somebody narrows, edits or deletes it, and it is said who did; pods reach nothing meanwhile",
    () => expectDeniedThroughout(stage, () => withoutNodeRules(stage, healing)),
  );
}

/** A policy of that name that was there before: whoever made it keeps it. */
export function foreignNetworkPolicy(stage: Stage): void {
  journey(stage, "a network policy of that name that is somebody else's: Failed, it is named, and stays as it is", async () => {
    const theirs = {
      description: "theirs",
      endpointSelector: { matchLabels: { app: "theirs" } },
      egressDeny: [{ toCIDR: ["192.0.2.1/32"] }],
    };
    await stage.cluster.apply({
      apiVersion: "cilium.io/v2",
      kind: "CiliumClusterwideNetworkPolicy",
      metadata: { name: NAME },
      spec: theirs,
    });
    try {
      const operation = await stage.arm.settle(await stage.arm.setMode("BpfVeth"), ENABLE_TIMEOUT_MS);
      assert.equal(operation.status, "Failed");
      assert.deepEqual(
        operation.error?.details?.map(({ code, target }) => [code, target]),
        [["PF-044", NAME]],
      );
      assert.deepEqual(await specOf(stage), theirs);
    } finally {
      await stage.cluster.kubectl("delete", KIND, NAME);
    }
    await disable(stage);
    await expectDisabled(stage);
  });
}

/**
 * Switches off while one node lacks a rule that the policy stood for. It stays on until the rule is back, the others go; so that at no moment a pod reaches what
 * the rule denies.
 */
export async function offOnceRulesAreBack(stage: Stage): Promise<void> {
  const [node, ...others] = labNodes(stage.stateDir);
  assert.ok(node);
  const rule = ["FORWARD", "-d", "168.63.129.16/32", "-p", "tcp", "--dport", "32526", "-j", "DROP"];
  await onNode(node, "iptables", "-w", "-D", ...rule);
  await until(`the agent of ${node.name} to miss the rule`, NOTICED_MS_MAX, async () => {
    const { status } = await stage.cluster.get(`hostroutingnode/${node.name}`);
    return status?.scan?.platformRules?.state === "Missing";
  });
  const url = await stage.arm.setMode("None");
  await until("the others to be off, and the node to wait for its rule", DISABLE_TIMEOUT_MS, async () => {
    const { waits } = (await stage.arm.hostRouting()).properties;
    const phases = new Map((await stage.arm.nodes()).map(({ name, properties }) => [name, properties.phase]));
    const wait = waits.find(({ reason, subject }) => reason === "PlatformRulesMissing" && subject === node.name);
    return (
      wait !== undefined && /168\.63\.129\.16\/32 32526/.test(wait.message) && others.every(({ name }) => phases.get(name) === "Disabled")
    );
  });
  assert.equal((await kernelView(node)).mode, MODE_ON, `${node.name} stays on`);
  await stage.cluster.get(`${KIND}/${NAME}`);
  await onNode(node, "iptables", "-w", "-I", ...rule);
  const operation = await stage.arm.settle(url, DISABLE_TIMEOUT_MS);
  assert.equal(operation.status, "Succeeded", JSON.stringify(operation.error));
}

async function specOf(stage: Stage): Promise<unknown> {
  return (await stage.cluster.get(`${KIND}/${NAME}`)).spec;
}

type Change = { readonly desired: unknown; readonly what: string };

/** The object is as it was, and the surface says what was changed, by whom, and that it was put right. */
async function healed(stage: Stage, { desired, what }: Change, isIt: (drift: Drift) => boolean): Promise<void> {
  await until(`the policy that was ${what} to be put right`, HEALED_MS_MAX, async () => {
    const spec = await specOf(stage).catch(() => undefined);
    const { policy } = (await stage.arm.hostRouting()).properties;
    const isSame = JSON.stringify(spec) === JSON.stringify(desired);
    return isSame && policy.state === "InSync" && policy.drift.some((drift) => isIt(drift) && drift.correctedAt !== undefined);
  });
}
