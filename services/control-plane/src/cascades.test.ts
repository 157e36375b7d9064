/** What goes with more than itself, over HTTP: groups that are deleted and subscriptions that ARM deletes, with provider and worker played by the test. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { clusterIdOf } from "./arm/resource-ids.ts";
import { withMode } from "./enablement/merge-managed-cluster.ts";
import { playProvider, type PlayedProvider } from "./testing/play-provider.ts";
import { acceleratable, assign, ids, makeCluster, moveOperation, register, TESTER } from "./testing/test-cluster.ts";
import { lookUntil, templateOf } from "./testing/test-deployment.ts";
import { startTestSurface, type Ask, type Reply, type TestSurface } from "./testing/test-surface.ts";

const V = "api-version=2024-11-01";
const AKS = "api-version=2026-04-01";
const OTHER_SUBSCRIPTION = "88888888-8888-4888-8888-888888888888";

let surface: TestSurface;
let provider: PlayedProvider;
before(async () => {
  surface = await startTestSurface({ providers: ["lab"] });
  await register(surface.store, []);
  provider = playProvider(surface.store);
});
after(() => surface.close());

type Place = { readonly subscriptionId: string; readonly resourceGroup: string };
const placeOf = (resourceGroup: string, subscriptionId: string = ids.subscriptionId): Place => ({ subscriptionId, resourceGroup });
const groupOf = ({ subscriptionId, resourceGroup }: Place): string => `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`;
const clusterOf = (place: Place, name: string): string =>
  `${groupOf(place)}/providers/Microsoft.ContainerService/managedClusters/${name}?${AKS}`;
const idOf = (place: Place, name: string) => clusterIdOf({ ...place, name });
const ask = (method: string, path: string, more: Omit<Ask, "method" | "path"> = {}): Promise<Reply> =>
  surface.ask({ method, path, ...more });
const follow = ({ headers }: Reply, more: Partial<Ask> = {}): Promise<Reply> =>
  surface.ask({ path: String(headers["location"]).replace(surface.base, ""), ...more });
const codeOf = (reply: Reply): readonly [number, string | undefined] => [reply.status, reply.body.error?.code];

const NEW_CLUSTER = { location: "westeurope", properties: { agentPoolProfiles: [{ name: "nodepool1", count: 1, mode: "System" }] } };

/** A group with a cluster `made` of the provider and one that is somebody else's, `adopted`, with host routing on. */
async function fill(place: Place): Promise<void> {
  const made = await ask("PUT", `${groupOf(place)}?${V}`, { body: { location: "westeurope" } });
  assert.equal(made.status, 201, made.text);
  assert.equal((await ask("PUT", clusterOf(place, "made"), { body: NEW_CLUSTER })).status, 201);
  await provider.say();
  const on = { desiredMode: "BpfVeth", properties: withMode(acceleratable, "BpfVeth") } as const;
  await surface.store.clusters.register(makeCluster("adopted", { ...place, id: idOf(place, "adopted"), ...on }), {});
}

const stateOf = async (place: Place, name: string): Promise<string | undefined> =>
  (await surface.store.clusters.get(idOf(place, name)))?.provisioningState;
const untilGoing = (place: Place, name: string) =>
  lookUntil(
    () => stateOf(place, name),
    (state) => state === "Deleting",
  );

/** Plays provider and worker until nothing is left of what `fill` made. */
async function letGo(place: Place): Promise<void> {
  for (const name of ["made", "adopted"]) await untilGoing(place, name);
  assert.equal((await surface.store.clusters.get(idOf(place, "adopted")))?.desiredMode, "None", "host routing goes off first");
  await provider.say();
  await moveOperation(surface.store, idOf(place, "adopted"), "Succeeded");
}

async function actionsIn(subscriptionId: string, scope: string): Promise<readonly string[]> {
  const rows = await surface.store.audit.read(subscriptionId, { afterSequence: 0, limit: 1_000 });
  return rows
    .map(({ content }) => JSON.parse(content) as { action: string; scope: string; outcome: string; objectId: string | null })
    .filter((entry) => entry.scope.toLowerCase().startsWith(scope.toLowerCase()) && entry.action.endsWith("/delete"))
    .map(({ action, outcome, objectId, scope: of }) => `${action} ${of.split("/").at(-1)} ${outcome} ${objectId}`)
    .toSorted();
}

test("a group goes with its clusters, is followed by whoever deleted it, and takes nothing meanwhile", async () => {
  const place = placeOf("Full");
  await fill(place);
  await assign(surface.store, { principalId: "somebody", scope: groupOf(place) });
  await assign(surface.store, { principalId: "another" });
  const deployment = `${groupOf(place)}/providers/Microsoft.Resources/deployments/d?api-version=2025-04-01`;
  assert.equal(
    (await ask("PUT", deployment, { body: { properties: { mode: "Incremental", template: JSON.parse(templateOf([])) } } })).status,
    201,
  );
  const deleted = await ask("DELETE", `${groupOf(place)}?${V}`);
  assert.deepEqual([deleted.status, deleted.text, deleted.headers["retry-after"]], [202, "", "1"]);
  assert.equal((await ask("GET", `${groupOf(place)}?${V}`)).body.properties.provisioningState, "Deleting");
  const refused = [409, "ResourceGroupBeingDeleted"];
  for (const [method, path, body] of [
    ["PUT", clusterOf(place, "late"), NEW_CLUSTER],
    ["PATCH", clusterOf(place, "made"), { tags: {} }],
    ["PUT", deployment, { properties: { mode: "Incremental", template: JSON.parse(templateOf([])) } }],
    ["PUT", `${groupOf(place)}?${V}`, { location: "westeurope" }],
    ["PATCH", `${groupOf(place)}?${V}`, { tags: {} }],
  ] as const)
    assert.deepEqual(codeOf(await ask(method, path, { body })), refused, `${method} ${path}`);
  const again = await ask("DELETE", `${groupOf(place)}?${V}`);
  assert.equal(again.status, 202);
  const pending = await follow(deleted);
  assert.deepEqual([pending.status, pending.headers["location"], pending.headers["retry-after"]], [202, deleted.headers["location"], "1"]);
  assert.deepEqual(codeOf(await follow(deleted, { token: { oid: "another" } })), [404, "OperationNotFound"]);
  assert.deepEqual(codeOf(await follow(deleted, { token: { tid: ids.otherTenantId } })), [404, "SubscriptionNotFound"]);
  await letGo(place);
  const ended = await lookUntil(
    () => follow(deleted),
    ({ status }) => status !== 202,
  );
  assert.deepEqual([ended.status, ended.text, (await follow(again)).status], [200, "", 200]);
  assert.deepEqual(codeOf(await ask("GET", `${groupOf(place)}?${V}`)), [404, "ResourceGroupNotFound"]);
  const left = await surface.store.roleAssignments.grants({
    ...{ tenantId: ids.tenantId, principalId: "somebody", scope: groupOf(place).toLowerCase(), below: true },
  });
  assert.deepEqual(left, []);
  assert.deepEqual(await actionsIn(ids.subscriptionId, groupOf(place)), [
    `Microsoft.ContainerService/managedClusters/delete adopted Accepted ${TESTER}`,
    `Microsoft.ContainerService/managedClusters/delete made Accepted ${TESTER}`,
    `Microsoft.Resources/subscriptions/resourceGroups/delete Full Accepted ${TESTER}`,
    `Microsoft.Resources/subscriptions/resourceGroups/delete Full Accepted ${TESTER}`,
  ]);
  await fill(place);
  assert.equal((await ask("GET", deployment)).body.error.code, "DeploymentNotFound");
});

test("a cluster that cannot be deleted keeps its group, says why, and the next DELETE tries again", async () => {
  const place = placeOf("stuck");
  await fill(place);
  const deleted = await ask("DELETE", `${groupOf(place)}?${V}`);
  for (const name of ["made", "adopted"]) await untilGoing(place, name);
  await provider.say({ kind: "Failed", code: "NodeStuck", message: "A node does not end.", isFinal: true });
  assert.equal((await follow(deleted)).status, 202, "as long as another one is going");
  await moveOperation(surface.store, idOf(place, "adopted"), "Succeeded");
  const ended = await lookUntil(
    () => follow(deleted),
    ({ status }) => status !== 202,
  );
  assert.deepEqual(codeOf(ended), [409, "ResourceGroupDeletionBlocked"]);
  assert.deepEqual(ended.body.error.details, [{ code: "NodeStuck", message: "A node does not end.", target: idOf(place, "made") }]);
  const { body } = await ask("GET", `${groupOf(place)}?${V}`);
  assert.equal(body.properties.provisioningState, "Succeeded");
  const again = await ask("DELETE", `${groupOf(place)}?${V}`);
  await untilGoing(place, "made");
  await provider.say();
  await lookUntil(
    () => follow(again),
    ({ status }) => status === 200,
  );
  assert.equal((await follow(deleted)).status, 409, "what has ended stays as it ended");
});

test("what a process had accepted before it died goes on", async () => {
  const place = placeOf("orphaned");
  await fill(place);
  const by = { tenantId: ids.tenantId, objectId: TESTER, name: "t", type: "User" } as const;
  const id = surface.deps.newId();
  await surface.store.groupRemovals.begin({ id, ...place, name: place.resourceGroup, by, correlationId: id });
  await letGo(place);
  await lookUntil(
    () => surface.store.groupRemovals.get(id),
    (removal) => removal?.state === "Succeeded",
  );
  assert.equal(await surface.store.resourceGroups.get(place.subscriptionId, place.resourceGroup), undefined);
});

const template = JSON.parse(templateOf([]));
const intoGroup: readonly (readonly [what: string, of: "clusters" | "deployments", method: string, url: string, body: object])[] = [
  ["cluster", "clusters", "change", clusterOf(placeOf("vanishing"), "late"), NEW_CLUSTER],
  [
    ...(["deployment", "deployments", "accept"] as const),
    `${groupOf(placeOf("vanishing"))}/providers/Microsoft.Resources/deployments/late?api-version=2025-04-01`,
    { properties: { mode: "Incremental", template } },
  ],
];
for (const [what, of, method, url, body] of intoGroup)
  test(`a ${what} for a group that goes between the look at it and the write is told that there is none`, async ({ mock }) => {
    const { store } = surface;
    await ask("PUT", `${groupOf(placeOf("vanishing"))}?${V}`, { body: { location: "westeurope" } });
    const port = store[of] as unknown as Record<string, (...given: unknown[]) => unknown>;
    const write = port[method]?.bind(port);
    const late = mock.method(port, method, async (...given: unknown[]) => {
      assert.equal(await store.groupRemovals.finish(ids.subscriptionId, "vanishing"), true);
      return write?.(...given);
    });
    assert.deepEqual(codeOf(await ask("PUT", url, { body })), [404, "ResourceGroupNotFound"]);
    assert.equal(late.mock.callCount(), 1);
  });

test("a deployment in Complete mode deletes what its template does not name, and ends when that is gone", async () => {
  const place = placeOf("complete");
  await fill(place);
  const url = `${groupOf(place)}/providers/Microsoft.Resources/deployments/all?api-version=2025-04-01`;
  const adopted = { type: "Microsoft.ContainerService/managedClusters", apiVersion: "2026-04-01", name: "adopted", location: "westeurope" };
  const template = JSON.parse(templateOf([{ ...adopted, tags: { kept: "yes" } }]));
  assert.equal((await ask("PUT", url, { body: { properties: { mode: "Complete", template } } })).status, 201);
  await untilGoing(place, "made");
  assert.equal((await ask("GET", url)).body.properties.provisioningState, "Running");
  await provider.say();
  const ended = await lookUntil(
    () => ask("GET", url),
    ({ body }) => body.properties.provisioningState !== "Running",
  );
  assert.equal(ended.body.properties.provisioningState, "Succeeded", JSON.stringify(ended.body.properties.error));
  assert.equal(await stateOf(place, "made"), undefined);
  const kept = await surface.store.clusters.get(idOf(place, "adopted"));
  assert.deepEqual([kept?.provisioningState, kept?.tags], ["Succeeded", { kept: "yes" }]);
  assert.equal(kept?.desiredMode, "BpfVeth", "what the template does not say stays");
});

async function tell(state: "Registered" | "Suspended" | "Deleted", day: number): Promise<void> {
  const registrationDate = new Date(Date.UTC(2026, 0, day)).toISOString();
  const { tenantId } = ids;
  assert.equal(
    await surface.store.subscriptions.tell({ id: OTHER_SUBSCRIPTION, state, registrationDate, tenantId, properties: {} }),
    "Taken",
  );
}

test("a deleted subscription loses its clusters, then its groups and every right in it; the audit stays", async () => {
  const place = placeOf("lab", OTHER_SUBSCRIPTION);
  await tell("Registered", 1);
  await assign(surface.store, { principalId: TESTER, scope: `/subscriptions/${OTHER_SUBSCRIPTION}` });
  await fill(place);
  await tell("Suspended", 2);
  await tell("Deleted", 3);
  assert.deepEqual(codeOf(await ask("GET", clusterOf(place, "made"))), [404, "SubscriptionNotFound"]);
  await letGo(place);
  await lookUntil(
    () => surface.store.resourceGroups.get(OTHER_SUBSCRIPTION, "lab"),
    (group) => group === undefined,
  );
  const scope = `/subscriptions/${OTHER_SUBSCRIPTION}`;
  assert.deepEqual(await surface.store.roleAssignments.list({ tenantId: ids.tenantId, principalId: undefined, scope, below: true }), []);
  assert.deepEqual(await surface.store.subscriptions.deleted(10), []);
  assert.deepEqual(await actionsIn(OTHER_SUBSCRIPTION, scope), [
    "Microsoft.ContainerService/managedClusters/delete adopted Accepted null",
    "Microsoft.ContainerService/managedClusters/delete made Accepted null",
  ]);
  await tell("Registered", 4);
  assert.deepEqual(codeOf(await ask("GET", `${scope}/resourcegroups?${V}`)), [403, "AuthorizationFailed"], "nobody's rights come back");
  assert.equal(await surface.store.subscriptions.clear(OTHER_SUBSCRIPTION), false, "one that lives keeps what it has");
});
