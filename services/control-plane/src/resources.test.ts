/** Lists of resources of every type: who is shown what, by which filter and in which pages. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { hostRoutingOperatorRole, readerRole } from "@hostrouting/domain";
import { clusterIdOf } from "./arm/resource-ids.ts";
import { RESOURCES_API_VERSIONS } from "./arm/resource-types.ts";
import { assign, ids, makeCluster, register } from "./testing/test-cluster.ts";
import { startTestSurface, type Ask, type Reply, type TestSurface } from "./testing/test-surface.ts";

const S = `/subscriptions/${ids.subscriptionId}`;
const TYPE = "Microsoft.ContainerService/managedClusters";

let surface: TestSurface;
before(async () => {
  surface = await startTestSurface();
  const other = { subscriptionId: ids.subscriptionId, resourceGroup: "Other", name: "two" };
  await register(surface.store, []);
  await surface.store.directory.registerResourceGroup({ ...other, displayName: "Other", location: "westeurope" });
  for (const cluster of [
    makeCluster("one", { tags: { team: "net", Env: "test" } }),
    makeCluster("three", { tags: {}, location: "East US", provisioningState: "Failed" }),
    makeCluster("two", { ...other, id: clusterIdOf(other), tags: { team: "Net", temp: "" } }),
  ])
    await surface.store.clusters.register(cluster, {});
});
after(() => surface.close());

/** @param query what stands after the api-version. */
const list = (place: string, query: Readonly<Record<string, string>> = {}, more: Partial<Ask> = {}): Promise<Reply> =>
  surface.ask({ path: `${S}${place}/resources?${new URLSearchParams({ "api-version": "2024-11-01", ...query })}`, ...more });
const names = ({ body }: Reply): readonly string[] => body.value?.map((one: { name: string }) => one.name) ?? body;

test("a resource is shown without its properties, and with what $expand asks for", async () => {
  const { body } = await list("", { $expand: "createdTime,changedTime,provisioningState", $filter: "name eq 'ONE'" });
  const { sku, identity } = makeCluster("one").envelope;
  const shown = {
    ...{ id: `${S}/resourceGroups/Lab/providers/${TYPE}/one`, name: "one", type: TYPE, location: "westeurope" },
    ...{ sku, identity, tags: { team: "net", Env: "test" } },
  };
  const times = { createdTime: "2026-04-01T00:00:00.000Z", changedTime: "2026-04-01T00:00:00.000Z" };
  assert.deepEqual(body, { value: [{ ...shown, ...times, provisioningState: "Succeeded" }] });
  assert.deepEqual((await list("", { $filter: "name eq 'one'" })).body, { value: [shown] });
});

test("every version of Microsoft.Resources lists resources", async () => {
  for (const version of RESOURCES_API_VERSIONS)
    assert.deepEqual(names(await surface.ask({ path: `${S}/resourcegroups/LAB/resources?api-version=${version}` })), ["one", "three"]);
});

const filtered: readonly (readonly [filter: string, names: readonly string[]])[] = [
  ["resourceGroup eq 'lab'", ["one", "three"]],
  ["resourceGroup ne 'lab'", ["two"]],
  [`resourceType eq '${TYPE.toLowerCase()}'`, ["one", "three", "two"]],
  ["resourceType eq 'Microsoft.Compute/disks'", []],
  ["resourceType ne 'Microsoft.Compute/disks'", ["one", "three", "two"]],
  ["name ne 'one' and location eq 'eastus'", ["three"]],
  ["location eq 'WEST europe'", ["one", "two"]],
  ["tagname eq 'TEAM'", ["one", "two"]],
  ["tagname eq 'team' and tagvalue eq 'net'", ["one"]],
  ["tagname eq 'temp' and tagvalue eq ''", ["two"]],
  ["tagname eq 'team' and tagvalue eq 'test'", []],
  ["startswith(tagname, 'te')", ["one", "two"]],
  ["startswith(tagname, 'env')", ["one"]],
  ["substringof('t', name) and substringof('LA', resourceGroup)", ["three"]],
  ["substringof('%', name)", []],
  ["name eq 'one' or name eq 'two'", ["one", "two"]],
  ["(name eq 'one' or name eq 'three') and location eq 'eastus'", ["three"]],
  ["name eq 'one'' or ''1'' eq ''1'", []],
];
for (const [filter, expected] of filtered)
  test(`$filter=${filter}`, async () => assert.deepEqual(names(await list("", { $filter: filter })), expected));

test("pages keep the filter, and end", async () => {
  const seen: string[] = [];
  const query = new URLSearchParams({
    "api-version": "2021-04-01",
    $top: "1",
    $filter: "location eq 'westeurope'",
    $expand: "createdTime",
  });
  for (let path: string | undefined = `${S}/resources?${query}`; path !== undefined;) {
    const reply: Reply = await surface.ask({ path });
    assert.deepEqual([reply.body.value.length, typeof reply.body.value[0].createdTime], [1, "string"]);
    seen.push(...names(reply));
    path = reply.body.nextLink?.slice(surface.base.length);
  }
  assert.deepEqual(seen, ["one", "two"]);
  const inGroup = (await list("/resourceGroups/Lab", { $top: "1" })).body.nextLink;
  assert.deepEqual(names(await surface.ask({ path: inGroup.slice(surface.base.length) })), ["three"]);
});

test("everybody is shown what they may read, and whoever has no right is told so", async () => {
  const at = async (principalId: string, roleId: string, scope: string): Promise<void> =>
    assign(surface.store, { principalId, roleId, scope });
  await at("reader of one", readerRole.id, `${S}/resourceGroups/Lab/providers/${TYPE}/one`);
  await at("reader of a group", readerRole.id, `${S}/resourceGroups/Other`);
  await at("operator", hostRoutingOperatorRole.id, S);
  const rows: readonly (readonly [oid: string, place: string, expected: readonly string[] | number])[] = [
    ["reader of one", "", ["one"]],
    ["reader of one", "/resourceGroups/lab", ["one"]],
    ["reader of one", "/resourceGroups/other", 403],
    ["reader of a group", "", ["two"]],
    ["operator", "/resourceGroups/LAB", ["one", "three"]],
    ["nobody", "", 403],
  ];
  for (const [oid, place, expected] of rows) {
    const reply = await list(place, {}, { token: { oid } });
    assert.deepEqual(reply.status === 200 ? names(reply) : reply.status, expected, `${oid} ${place}`);
  }
  const nobody = await list("/resourceGroups/nowhere", {}, { token: { oid: "nobody" } });
  assert.match(nobody.body.error.message, /action 'Microsoft\.Resources\/subscriptions\/resourceGroups\/resources\/read' over scope/);
});

const refused: readonly (readonly [place: string, query: Readonly<Record<string, string>>, status: number, code: string])[] = [
  ["", { $filter: "kind eq 'x'" }, 400, "InvalidFilterInQueryString"],
  ["", { $FILTER: "kind eq 'x'" }, 400, "InvalidFilterInQueryString"],
  ["", { $expand: "properties" }, 400, "InvalidExpandInQueryString"],
  ["", { $expand: "createdTime,constructor" }, 400, "InvalidExpandInQueryString"],
  ["", { $top: "0" }, 400, "InvalidParameter"],
  ["", { $skipToken: "!" }, 400, "InvalidParameter"],
  ["", { "api-version": "2026-04-01" }, 400, "InvalidApiVersionParameter"],
  ["/resourceGroups/nowhere", {}, 404, "ResourceGroupNotFound"],
];
for (const [place, query, status, code] of refused)
  test(`refused: ${place} ${JSON.stringify(query)}`, async () => {
    const reply = await list(place, query);
    assert.deepEqual([reply.status, reply.body.error.code], [status, code]);
  });

test("a filter that came twice is refused, not half read", async () => {
  const reply = await surface.ask({ path: `${S}/resources?api-version=2024-11-01&$filter=name%20eq%20'one'&$filter=name%20eq%20'two'` });
  assert.deepEqual([reply.status, reply.body.error.code], [400, "InvalidFilterInQueryString"]);
});
