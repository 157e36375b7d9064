/** What callers are told that they may do, and which rights there are. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { contributorRole, hostRoutingOperatorRole, ownerRole, readerRole, type Role } from "@hostrouting/domain";
import { routeCatalogue } from "./arm/route-catalogue.ts";
import { assign, ids, makeCluster, register } from "./testing/test-cluster.ts";
import { startTestSurface, type Reply, type TestSurface } from "./testing/test-surface.ts";

const S = `/subscriptions/${ids.subscriptionId}`;
const LAB = `${S}/resourceGroups/Lab`;
const ONE = `${LAB}/providers/Microsoft.ContainerService/managedClusters/one`;
const OPERATIONS = "/providers/Microsoft.Authorization/providerOperations";

let surface: TestSurface;
before(async () => {
  surface = await startTestSurface();
  await register(surface.store, [makeCluster("one"), makeCluster("two")]);
  for (const [principalId, role, scope] of [
    ["many", readerRole, S],
    ["many", hostRoutingOperatorRole, ONE],
    ["many", readerRole, LAB],
    ["below", contributorRole, ONE],
    ["owner", ownerRole, S],
  ] as const)
    await assign(surface.store, { principalId, roleId: role.id, scope });
});
after(() => surface.close());

const ask = (path: string, oid: string, version = "2022-04-01"): Promise<Reply> =>
  surface.ask({ path: `${path}?api-version=${version}`, token: { oid } });
const permissions = (scope: string, oid: string): Promise<Reply> => ask(`${scope}/providers/Microsoft.Authorization/permissions`, oid);

const told: readonly (readonly [oid: string, scope: string, roles: readonly Role[]])[] = [
  ["owner", S, [ownerRole]],
  ["owner", `${ONE}/hostRoutings/default`, [ownerRole]],
  ["many", S, [readerRole]],
  ["many", LAB, [readerRole]],
  ["many", ONE.toUpperCase(), [readerRole, hostRoutingOperatorRole]],
  ["many", `${ONE}/agentPools/user`, [readerRole, hostRoutingOperatorRole]],
  ["many", ONE.replace(/one$/, "two"), [readerRole]],
  ["below", ONE, [contributorRole]],
  ["below", LAB, []],
];
for (const [oid, scope, roles] of told)
  test(`${oid} at ${scope.slice(S.length)}: ${roles.map(({ name }) => name).join(", ") || "nothing"}`, async () => {
    const expected = roles.map(({ actions, notActions }) => ({ actions, notActions, dataActions: [], notDataActions: [] }));
    assert.deepEqual((await permissions(scope, oid)).body, { value: expected });
  });

const refused: readonly (readonly [oid: string, scope: string, status: number, code: string])[] = [
  ["nobody", S, 403, "AuthorizationFailed"],
  ["below", ONE.replace(/one$/, "two"), 403, "AuthorizationFailed"],
  ["owner", ONE.replace(/one$/, "none"), 404, "ResourceNotFound"],
  ["owner", `${S}/resourceGroups/nowhere`, 404, "ResourceGroupNotFound"],
  ["owner", `${ONE}/disks/x`, 404, "InvalidResourceType"],
];
for (const [oid, scope, status, code] of refused)
  test(`refused: ${oid} at ${scope.slice(S.length)}`, async () => {
    const reply = await permissions(scope, oid);
    assert.deepEqual([reply.status, reply.body.error.code], [status, code]);
  });

type Shown = { name: string; operations: { name: string }[] };
type Metadata = { name: string; resourceTypes: Shown[]; operations: { name: string }[] };
const rightsOf = ({ resourceTypes, operations }: Metadata): readonly string[] =>
  [...resourceTypes.flatMap((type) => type.operations), ...operations].map(({ name }) => name);

test("the providers' operations are the rights that routes ask for, each once", async () => {
  const { value } = (await ask(OPERATIONS, "nobody")).body as { value: Metadata[] };
  const rights = routeCatalogue.map(({ action }) => action).filter((action) => action !== "none");
  const expected = new Set([...rights, "Microsoft.ContainerService/register/action"]);
  assert.deepEqual(value.flatMap(rightsOf).toSorted(), [...expected].toSorted());
});

test("a provider is shown by resource type, in any letter case and every version", async () => {
  const { body } = await ask(`${OPERATIONS}/microsoft.containerservice`, "nobody", "2018-07-01");
  const pools = body.resourceTypes.find(({ name }: Shown) => name === "managedClusters/agentPools/machines");
  assert.deepEqual([body.id, body.displayName], [`${OPERATIONS}/Microsoft.ContainerService`, "Microsoft Container Service"]);
  assert.deepEqual(pools, {
    name: "managedClusters/agentPools/machines",
    displayName: "Managed Clusters Agent Pools Machines",
    operations: [
      {
        name: "Microsoft.ContainerService/managedClusters/agentPools/machines/read",
        displayName: "Gets a machine of an agent pool",
        description: "Gets a machine of an agent pool.",
        origin: "user,system",
        isDataAction: false,
      },
    ],
  });
  assert.deepEqual(
    body.operations.map(({ name }: { name: string }) => name),
    ["Microsoft.ContainerService/register/action"],
  );
});

test("an unknown provider is 404, another $expand 400", async () => {
  const unknown = await ask(`${OPERATIONS}/Microsoft.Nothing`, "nobody");
  assert.deepEqual([unknown.status, unknown.body.error.code], [404, "InvalidResourceNamespace"]);
  const expanded = (expand: string): Promise<Reply> =>
    surface.ask({ path: `${OPERATIONS}/Microsoft.Features?api-version=2022-04-01&$expand=${expand}` });
  assert.deepEqual(
    [(await expanded("resourceTypes")).status, (await expanded("all")).body.error.code],
    [200, "InvalidExpandInQueryString"],
  );
});
