import assert from "node:assert/strict";
import { disable, ENABLE_TIMEOUT_MS, expectDisabled } from "./expectations.ts";
import { journey, journeyWhileOn } from "./journey.ts";
import type { Drift } from "./shapes.ts";
import type { Stage } from "./stage.ts";
import { until } from "./until.ts";

const KIND = "ciliumclusterwidenetworkpolicy";
const NAME = "block-azure-destinations";
/** Promised; the watch usually sees to it within a second. */
const HEALED_MS_MAX = 60_000;

/** Somebody else's hands in the policy that stands for the nodes' rules. */
export function networkPolicy(stage: Stage): void {
  journeyWhileOn(stage, "the network policy is put right when somebody narrows, edits or deletes it, and it is said who did", async () => {
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
  });
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
