import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import type { RolloutPolicy } from "@hostrouting/domain";
import { ENABLE_TIMEOUT_MS, expectDisabled, expectEnabled, someNodeInFlight } from "./expectations.ts";
import { addHeldBackNode } from "./held-back-node.ts";
import { journey } from "./journey.ts";
import type { Stage } from "./stage.ts";
import { until } from "./until.ts";
import { withPolicy } from "./with-policy.ts";

const GOLDEN = path.join(import.meta.dirname, "guarded-rollout.golden");
const IN_FLIGHT = ["Cordoning", "Draining", "Installing", "Switching", "Verifying", "Confirming"];
/** Long enough for somebody to change their mind while it soaks, and over long before a suite would be. */
const FINAL_SOAK_MS = 600_000;
const GUARDED: Partial<RolloutPolicy> = {
  nodeAction: "DrainAndSwitch",
  canarySoakMs: 1_000,
  finalSoakMs: FINAL_SOAK_MS,
  gates: [{ id: "look", at: "AfterCanaries", kind: "Approval", twoPersons: false }],
};
/** Waits that come and go with the round that happened to be asked for. */
const LASTING = ["ApprovalPending", "Paused", "FinalSoaking"];

/** Everything that a careful operator does in one rollout, and then takes it back. */
export function guardedRollout(stage: Stage): void {
  journey(stage, "canaries, an approval, a pause, a node lost, a node added and a rollback end as the golden says", async () => {
    const story = new Story(stage);
    await withPolicy(stage, GUARDED, () => tell(stage, story));
    assert.equal(story.text(), readFileSync(GOLDEN, "utf8"));
    await expectDisabled(stage);
  });
}

async function tell(stage: Stage, story: Story): Promise<void> {
  await stage.arm.setMode("BpfVeth");
  await story.reach("enable", { wait: "ApprovalPending" });
  await stage.arm.ask("pause");
  await story.reach("pause", { phase: "Paused" });
  await stage.arm.ask("resume");
  await story.reach("resume", { wait: "ApprovalPending" });
  await stage.arm.ask("approve", { gate: "look", comment: "both canaries are well" });
  const lost = await someNodeInFlight(stage, IN_FLIGHT);
  await stage.cluster.lab("remove-node", lost);
  await story.reach("approve; the node that is switched next is lost", { wait: "FinalSoaking" });
  await addHeldBackNode(stage);
  await until("the node that was added to be enabled", 120_000, async () => {
    const nodes = await stage.arm.nodes();
    return nodes.length === 3 && nodes.every(({ properties }) => properties.phase === "Enabled");
  });
  await story.reach("a node is added", { wait: "FinalSoaking" });
  await expectEnabled(stage, "Enabling");
  await stage.arm.ask("rollback");
  await story.reach("rollback", { phase: "Succeeded" });
}

/** What is awaited: a phase of the operation, or a wait. */
type Awaited = { readonly phase?: string; readonly wait?: string };

/** What was asked for and where the cluster came to rest after it, in words in which no name and no time stands. */
class Story {
  readonly #stage: Stage;
  readonly #lines: string[] = [];

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  text(): string {
    return `${this.#lines.join("\n")}\n`;
  }

  /** Waits until the cluster has come where it is to come, and tells how it looks there. */
  async reach(action: string, { phase, wait }: Awaited): Promise<void> {
    const seen = await until(`${phase ?? wait} after ${action}`, ENABLE_TIMEOUT_MS, async () => {
      const { properties } = await this.#stage.arm.hostRouting();
      const isThere = wait === undefined ? properties.operation?.phase === phase : properties.waits.some(({ reason }) => reason === wait);
      return isThere && properties;
    });
    const nodes = (await this.#stage.arm.nodes()).map(
      ({ properties }) => `${properties.pool} ${properties.phase} ${properties.effectiveMode}`,
    );
    const cordoned = (await this.#stage.cluster.list("nodes")).filter(({ spec }) => spec.unschedulable === true).length;
    this.#lines.push(
      `> ${action}`,
      `${seen.operation?.kind} ${seen.operation?.phase} [${seen.state}] cordoned: ${cordoned}`,
      ...nodes.toSorted().map((node) => `    ${node}`),
      ...seen.waits.filter(({ reason }) => LASTING.includes(reason)).map(({ reason, subject }) => `    ${subject} waits ${reason}`),
    );
  }
}
