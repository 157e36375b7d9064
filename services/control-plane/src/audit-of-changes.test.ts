/** Entries of the audit stand in the transaction of their change: whoever dies after it, and wherever, the entry is there. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ids, makeCluster, register, TESTER } from "./testing/test-cluster.ts";
import { clusterResource, deploymentUrl, modeProperties, templateOf } from "./testing/test-deployment.ts";
import { startTestSurface, type TestSurface } from "./testing/test-surface.ts";

const V = "api-version=2024-11-01";
const FEATURES = "api-version=2021-07-01";
const SUB = `/subscriptions/${ids.subscriptionId}`;
const GROUP = `${SUB}/resourceGroups/audited`;
const FEATURE = `${SUB}/providers/Microsoft.Features/providers/Microsoft.ContainerService/features/AdvancedNetworkingPreview`;

let surface: TestSurface;
before(async () => {
  surface = await startTestSurface();
  await register(surface.store, [makeCluster("one")]);
});
after(() => surface.close());

const template = JSON.parse(templateOf([clusterResource("one", { properties: modeProperties("BpfVeth") })]));
/** In this order: each finds what those before it made. */
const changes: readonly (readonly [action: string, method: string, path: string, body: object | undefined, status: number])[] = [
  ["Microsoft.Resources/subscriptions/resourceGroups/write", "PUT", `${GROUP}?${V}`, { location: "westeurope" }, 201],
  ["Microsoft.Resources/subscriptions/resourceGroups/write", "PATCH", `${GROUP}?${V}`, { tags: { a: "b" } }, 200],
  ["Microsoft.Features/providers/features/register/action", "POST", `${FEATURE}/register?${FEATURES}`, undefined, 200],
  ["Microsoft.Features/providers/features/unregister/action", "POST", `${FEATURE}/unregister?${FEATURES}`, undefined, 200],
  [
    ...(["Microsoft.Resources/deployments/write", "PUT", deploymentUrl("audited")] as const),
    ...([{ properties: { mode: "Incremental", template } }, 201] as const),
  ],
  ["Microsoft.Resources/deployments/cancel/action", "POST", deploymentUrl("audited", "/cancel"), undefined, 204],
  ["Microsoft.Resources/deployments/delete", "DELETE", deploymentUrl("audited"), undefined, 204],
];
for (const [action, method, path, body, status] of changes)
  test(`${method} of ${action} leaves its entry where nothing can be written after its transaction`, async ({ mock }) => {
    const { audit } = surface.store;
    const { sequence } = await audit.head(ids.subscriptionId);
    const later = mock.method(audit, "append", () => Promise.reject(new Error("the process was killed")));
    const reply = await surface.ask({ method, path, ...(body && { body }) });
    assert.equal(reply.status, status, reply.text);
    const rows = await audit.read(ids.subscriptionId, { afterSequence: sequence, limit: 10 });
    const entries = rows.map(({ content }) => JSON.parse(content)).filter((entry) => entry.action === action);
    assert.deepEqual(
      entries.map(({ outcome, objectId, requestId }) => [outcome, objectId, requestId]),
      [["Accepted", TESTER, reply.headers["x-ms-request-id"]]],
    );
    assert.equal(later.mock.callCount(), 0, "it is not written twice");
  });

test("what was refused under lock is written as refused, once, and never as accepted", async () => {
  const { audit } = surface.store;
  const { sequence } = await audit.head(ids.subscriptionId);
  const group = await surface.ask({ method: "PUT", path: `${GROUP}?${V}`, body: { location: "northeurope" } });
  const canceled = await surface.ask({ method: "POST", path: deploymentUrl("nobody", "/cancel") });
  assert.deepEqual([group.status, canceled.status], [409, 404]);
  const rows = await audit.read(ids.subscriptionId, { afterSequence: sequence, limit: 10 });
  // The deployment from above may still be at its cluster, which is written as well: only what these two asked is looked at.
  const asked = [group, canceled].map(({ headers }) => headers["x-ms-request-id"]);
  const entries = rows.map(({ content }) => JSON.parse(content));
  assert.deepEqual(
    asked.map((id) => entries.filter(({ requestId }) => requestId === id).map(({ outcome, status }) => [outcome, status])),
    [[["Refused", 409]], [["Refused", 404]]],
  );
});
