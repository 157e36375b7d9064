import assert from "node:assert/strict";
import { test } from "node:test";
import { planTemplate } from "@hostrouting/template";
import { askByTrial, type Question, type QuestionDeps } from "./question.ts";
import { toTemplateInput } from "./deployment-input.ts";
import { whatIfDiagnostics } from "./what-if.ts";

const plan = planTemplate(
  toTemplateInput({
    ...{ template: { contentVersion: "1.0.0.0", resources: [] }, parameters: undefined, deploymentName: "d", mode: "Incremental" },
    scope: {
      tenantId: "t",
      subscriptionId: "s",
      subscriptionName: "n",
      resourceGroup: { name: "g", location: "l", tags: {} },
      environment: {},
    },
    ...{ nowMs: 1, secretParameters: [], deployer: undefined, seed: "of-a-test" },
  }),
);

/** A surface that answers every request so. */
const answering = (status: number): QuestionDeps =>
  ({
    store: () => ({ trial: (work: (trial: unknown) => unknown) => work({ store: {} }) }),
    clock: { now: () => 0 },
    call: async () => ({ status, headers: {}, body: { value: [] } }),
  }) as unknown as QuestionDeps;
const question = (mode: Question["mode"]): Question => ({
  ...{ plan, mode, level: "Provider", principal: { tenantId: "t", objectId: "o", name: "n", type: "User" } },
  ...{ correlationId: "c", subscriptionId: "s", resourceGroup: "g" },
});

test("clusters that cannot be listed: a fault where they would be deleted, and else left out with a word", async () => {
  const codes = async (mode: Question["mode"], status: number) => {
    const { faults, leftOut } = await askByTrial(answering(status), question(mode));
    return [faults.map(({ code }) => code), whatIfDiagnostics(leftOut).map(({ level, code }) => `${level} ${code}`)];
  };
  assert.deepEqual(await codes("Complete", 403), [["ResourceGroupUnreadable"], []]);
  assert.deepEqual(await codes("Incremental", 403), [[], ["Warning ResourceGroupUnreadable"]]);
  assert.deepEqual(await codes("Incremental", 200), [[], []]);
});
