import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ids, makeCluster, register } from "./testing/test-cluster.ts";
import { clusterResource, deploymentUrl, modeProperties, spliced, templateOf } from "./testing/test-deployment.ts";
import { startTestSurface, type TestSurface } from "./testing/test-surface.ts";

let surface: TestSurface;
before(async () => {
  surface = await startTestSurface();
  await register(surface.store, [makeCluster("one"), makeCluster("two")]);
});
after(() => surface.close());

const template = (more: object): string => spliced(templateOf([], more as Readonly<Record<string, unknown>>));
const resources = (...all: readonly unknown[]): string => spliced(templateOf(all));
const ELSEWHERE = "https://example.org/t.json";
const empty = JSON.parse(templateOf([])) as object;
const linked = (properties: object): string => JSON.stringify({ properties });
const chain = (length: number): object => ({
  variables: Object.fromEntries(
    Array.from({ length }, (_, index) => [
      `v${index}`,
      index === 0 ? "x" : `[concat(variables('v${index - 1}'), variables('v${index - 1}'))]`,
    ]),
  ),
  outputs: { bomb: { type: "string", value: `[variables('v${length - 1}')]` } },
});

/** What is refused, by PUT and by validate alike: body, code. */
const refused: readonly (readonly [says: string, body: string, code: string])[] = [
  ["an empty body", "", "InvalidRequestContent"],
  ["no JSON, however relaxed", "{properties: }", "InvalidRequestContent"],
  ["an array", "[]", "InvalidRequestContent"],
  ["no template", '{"properties":{}}', "InvalidRequestContent"],
  ["a mode that there is not", '{"properties":{"mode":"Fast","template":{}}}', "InvalidRequestContent"],
  ["a template elsewhere", linked({ templateLink: { uri: ELSEWHERE } }), "InvalidRequestContent"],
  ["a template elsewhere, beside one that is here", linked({ templateLink: { uri: ELSEWHERE }, template: empty }), "InvalidRequestContent"],
  [
    "a template spec",
    linked({ templateLink: { id: "/subscriptions/s/resourceGroups/g/providers/Microsoft.Resources/templateSpecs/t/versions/1" } }),
    "InvalidRequestContent",
  ],
  ["parameters elsewhere", linked({ parametersLink: { uri: ELSEWHERE }, template: empty }), "InvalidRequestContent"],
  [
    "a nested template elsewhere",
    resources({
      ...{ type: "Microsoft.Resources/deployments", apiVersion: "2025-04-01", name: "linked" },
      properties: { mode: "Incremental", templateLink: { uri: ELSEWHERE } },
    }),
    "InvalidTemplate",
  ],
  [
    "a secret in a key vault",
    linked({
      template: { ...empty, parameters: { p: { type: "securestring" } } },
      parameters: { p: { reference: { keyVault: { id: ELSEWHERE }, secretName: "s" } } },
    }),
    "InvalidDeploymentParameterValue",
  ],
  ["a member __proto__", '{"properties":{"template":{"__proto__":{}}}}', "InvalidRequestContent"],
  ["nesting without end", `{"properties":{"template":${"[".repeat(5_000)}${"]".repeat(5_000)}}}`, "InvalidRequestContent"],
  ["a parameter that is missing", template({ parameters: { p: { type: "string" } } }), "InvalidTemplate"],
  [
    "a function that there is not",
    template({ variables: { v: "[nothing()]" }, outputs: { o: { type: "string", value: "[variables('v')]" } } }),
    "InvalidTemplate",
  ],
  ["a type that is not ours", resources({ type: "Microsoft.Compute/disks", apiVersion: "2024-03-02", name: "d" }), "InvalidTemplate"],
  ["a cycle", resources(clusterResource("one", { dependsOn: ["two"] }), clusterResource("two", { dependsOn: ["one"] })), "InvalidTemplate"],
  [
    "a loop without end",
    resources({ ...clusterResource("[concat('c', copyIndex())]"), copy: { name: "l", count: 1_000_000 } }),
    "InvalidTemplate",
  ],
  ["text that doubles a hundred times", template(chain(100)), "InvalidTemplate"],
];
for (const [says, body, code] of refused)
  test(`refused: ${says}`, async () => {
    for (const [method, path] of [
      ["PUT", deploymentUrl("bad")],
      ["POST", deploymentUrl("bad", "/validate")],
      ["POST", deploymentUrl("bad", "/whatIf")],
    ] as const) {
      const reply = await surface.ask({ method, path, body, headers: { "content-type": "application/json" } });
      assert.deepEqual([reply.status, reply.body.error?.code], [400, code], `${method} ${reply.text.slice(0, 400)}`);
    }
    assert.equal((await surface.ask({ path: deploymentUrl("bad") })).status, 404);
  });

const addresses: readonly (readonly [method: string, path: string, status: number, code: string])[] = [
  ["PUT", deploymentUrl("a%2Fb"), 400, "InvalidDeploymentName"],
  ["PUT", deploymentUrl("x".repeat(65)), 400, "InvalidDeploymentName"],
  ["GET", deploymentUrl("none", "/operations"), 404, "DeploymentNotFound"],
  ["GET", deploymentUrl("none", `/operationStatuses/${ids.tenantId}`), 404, "DeploymentNotFound"],
  ["POST", deploymentUrl("none", "/cancel"), 404, "DeploymentNotFound"],
  ["PATCH", deploymentUrl("none"), 405, "MethodNotAllowed"],
  ["PUT", deploymentUrl("none").replace("/Lab/", "/nowhere/"), 404, "ResourceGroupNotFound"],
];
for (const [method, path, status, code] of addresses)
  test(`${method} ${path.slice(-60)}: ${status} ${code}`, async () => {
    const reply = await surface.ask({ method, path, ...(method === "PUT" && { body: resources() }) });
    assert.deepEqual([reply.status, reply.body.error.code], [status, code]);
  });

for (const [method, below] of [
  ["POST", "/d/validate"],
  ["POST", "/d/whatIf"],
  ["PUT", "/d"],
] as const)
  test(`${method} of a deployment to the subscription, as az sends it, is refused with what to do`, async () => {
    const path = `/subscriptions/${ids.subscriptionId}/providers/Microsoft.Resources/deployments${below}?api-version=2025-04-01`;
    const body = `{"location": "westeurope", "properties": {"parameters": {}, template:${templateOf([])}}}`;
    const reply = await surface.ask({ method, path, body, headers: { "content-type": "application/json" } });
    assert.deepEqual([reply.status, reply.body.error.code], [400, "OperationNotSupported"], reply.text);
    assert.match(reply.body.error.message, /az deployment group create/);
  });

test("what az makes of a template is read here and nowhere else", async () => {
  const path = `/subscriptions/${ids.subscriptionId}/resourceGroups/Lab/providers/Microsoft.ContainerService/managedClusters/one?api-version=2026-04-01`;
  const reply = await surface.ask({ method: "PUT", path, body: `{properties: ${JSON.stringify(modeProperties("BpfVeth"))}}` });
  assert.deepEqual([reply.status, reply.body.error.code], [400, "InvalidRequestContent"]);
});
