import assert from "node:assert/strict";
import { test } from "node:test";
import type { TemplatePlan } from "@hostrouting/template";
import { keptInput, secretParametersOf, toTemplateInput, type DeploymentInput } from "./deployment-input.ts";

const scope = {
  tenantId: "t",
  subscriptionId: "s",
  subscriptionName: "n",
  resourceGroup: { name: "g", location: "l", tags: {} },
  environment: {},
};
const input = (template: DeploymentInput["template"], parameters: DeploymentInput["parameters"]): DeploymentInput => ({
  template,
  parameters,
  deploymentName: "d",
  mode: "Incremental",
  scope,
  nowMs: 1,
  secretParameters: [],
  deployer: { objectId: "o", tenantId: "t", userPrincipalName: "u" },
  seed: "of-a-test",
});
const planOf = (types: Readonly<Record<string, string>>): TemplatePlan =>
  ({ parameters: Object.fromEntries(Object.entries(types).map(([name, type]) => [name, { type }])) }) as unknown as TemplatePlan;

test("the nth GUID is the same whenever it is asked for, and differs between runs", () => {
  const [one, again] = [input({}, undefined), input({}, undefined)].map((each) => toTemplateInput(each).newGuid);
  const other = toTemplateInput({ ...input({}, undefined), seed: "other" }).newGuid;
  assert.match(one?.("0") ?? "", /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(one?.("0"), again?.("0"));
  assert.equal(new Set([one?.("0"), one?.("1"), other("0")]).size, 3);
});

test("what a template may ask of resources beside their state", () => {
  assert.deepEqual(
    toTemplateInput(input({}, undefined)).listActions,
    ["User", "Admin", "MonitoringUser"].map((whose) => `Microsoft.ContainerService/managedClusters/listCluster${whose}Credential`),
  );
});

test("without secrets all is kept, and the plan can be made again", () => {
  const all = input({ parameters: { a: { type: "string" } } }, { a: { value: 1 } });
  assert.deepEqual(keptInput(all, planOf({ a: "string" }), []), { kept: all, hasSecrets: false });
});

test("values and defaults of secure parameters are not kept, nor what GUIDs are made from", () => {
  const template = {
    Parameters: {
      PW: { type: "secureString", defaultValue: "hunter2" },
      so: { type: "SecureObject" },
      a: { type: "string", defaultValue: "x" },
    },
  };
  const given = { pw: { value: "hunter3" }, SO: { value: { k: "hunter4" } }, a: { value: "shown" } };
  const { kept, hasSecrets } = keptInput(input(template, given), planOf({ PW: "secureString", so: "SecureObject", a: "string" }), []);
  assert.equal(hasSecrets, true);
  assert.doesNotMatch(JSON.stringify(kept), /hunter|of-a-test/);
  assert.deepEqual(kept["parameters"], { a: { value: "shown" } });
  assert.deepEqual(kept["template"], {
    Parameters: { PW: { type: "secureString" }, so: { type: "SecureObject" }, a: { type: "string", defaultValue: "x" } },
  });
});

test("what another template's secure parameters became part of is not kept", () => {
  const places = [
    ["properties", "template", "resources", 0, "tags", "x"],
    ["properties", "parameters", "p", "value"],
    ["properties", "missing", "y"],
  ];
  const { kept, hasSecrets } = keptInput(
    input({ resources: [{ tags: { x: "hunter2", y: "z" } }] }, { p: { value: "hunter3" } }),
    planOf({}),
    places,
  );
  assert.equal(hasSecrets, true);
  assert.doesNotMatch(JSON.stringify(kept), /hunter/);
  assert.match(JSON.stringify(kept), /"y":"z"/);
});

test("which parameters another template's secure ones became part of", () => {
  const places = [
    ["properties", "parameters", "p", "value", "x"],
    ["properties", "template", "variables", "q"],
    ["tags", "r"],
  ];
  assert.deepEqual(secretParametersOf(places), ["p"]);
});
