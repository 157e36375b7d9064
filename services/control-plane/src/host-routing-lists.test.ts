import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { as, readerRole, type FencingToken, type HostRoutingStatus, type Instant } from "@hostrouting/domain";
import { assign, ids, makeCluster, moveOperation, register } from "./testing/test-cluster.ts";
import { startTestSurface, type Reply, type TestSurface } from "./testing/test-surface.ts";

const V = "api-version=2026-04-01";
const CLUSTERS = `/subscriptions/${ids.subscriptionId}/resourceGroups/Lab/providers/Microsoft.ContainerService/managedClusters`;
const CLUSTER = `${CLUSTERS}/one`;
const DEFAULT = `${CLUSTER}/hostRoutings/default`;
const TYPE = "Microsoft.ContainerService/managedClusters/hostRoutings";
const cluster = makeCluster("one");
const AT = as<Instant>(Date.UTC(2026, 3, 1));
/** As many as a large cluster has, in no order. */
const NODES = 5_000;
const nameOf = (index: number): string => `aks-user-${String((index * 7) % NODES).padStart(5, "0")}`;

const status: HostRoutingStatus = {
  effectiveMode: "Mixed",
  state: "Enabling",
  health: "Healthy",
  conditions: [],
  nodeCounts: { total: NODES },
  waits: [],
  warnings: ["PF-058", "PF-017", "rules-passed-by"].map((id) => ({
    id,
    title: "T",
    message: "M",
    remedy: "R",
    subjects: [],
    firstSeen: AT,
  })),
  policy: {
    name: "block-azure-destinations",
    mode: "Correct",
    state: "Drifted",
    message: "changed",
    wasThere: true,
    drift: [{ ...{ path: "/spec", desired: undefined, observed: "{}" }, manager: "kubectl", firstSeen: AT, correctedAt: undefined }],
  },
  nodes: Array.from({ length: NODES }, (_, index) => ({
    ...{ name: nameOf(index), pool: "user", phase: "Pending", effectiveMode: "Legacy", reason: "Observing" },
    ...{ fastShare: undefined, stackReasons: [], refusedDevices: 0, refusals: [], rules: undefined, observedAt: undefined },
  })),
  findings: Array.from({ length: 12 }, (_, index) => ({
    ...{ class: "Bypassed", reason: "it drops packets", backend: "iptables-nft", family: "ip", table: "filter", chain: "FORWARD" },
    ...{ rule: `-A FORWARD -s 10.0.0.${index} -j DROP`, owner: undefined, remedy: "", removal: undefined, nodes: [], nodeCount: 1 },
  })),
};

let surface: TestSurface;
before(async () => {
  surface = await startTestSurface();
  await register(surface.store, [cluster, makeCluster("other")]);
  const lease = await surface.store.leases.acquire(cluster.id, "test", 10_000);
  const token = lease?.token ?? as<FencingToken>(0);
  assert.equal(await surface.store.rounds.record(cluster.id, token, { nodes: [], status, lookAgainInMs: 10_000, history: [] }), "Recorded");
});
after(() => surface.close());

const get = (path: string, query = ""): Promise<Reply> => surface.ask({ path: `${path}?${V}${query}` });
// oxlint-disable-next-line typescript/no-explicit-any -- lists of every shape
async function walk(list: string, top = ""): Promise<{ readonly items: readonly any[]; readonly pages: readonly number[] }> {
  const items: unknown[] = [];
  const pages: number[] = [];
  let reply = await get(`${DEFAULT}/${list}`, top);
  for (;;) {
    assert.equal(reply.status, 200);
    items.push(...reply.body.value);
    pages.push(reply.body.value.length);
    const { nextLink } = reply.body;
    if (nextLink === undefined) return { items, pages };
    reply = await surface.ask({ path: nextLink.slice(surface.base.length) });
  }
}

test("the nodes of a large cluster come in pages of a hundred, each once, by name", async () => {
  const { items, pages } = await walk("nodes");
  assert.deepEqual(
    pages,
    Array.from({ length: NODES / 100 }, () => 100),
  );
  assert.deepEqual(
    items.map(({ name }) => name),
    status.nodes.map(({ name }) => name).toSorted(),
  );
});

test("$top makes pages smaller; a place of another list, or of none, is refused", async () => {
  assert.deepEqual((await walk("findings", "&$top=5")).pages, [5, 5, 2]);
  assert.deepEqual((await walk("warnings", "&$top=3")).pages, [3]);
  const { nextLink } = (await get(`${DEFAULT}/findings`, "&$top=5")).body;
  const token = new URL(nextLink).searchParams.get("$skipToken");
  const text = (place: string): string => Buffer.from(place).toString("base64url");
  for (const [list, bad] of [
    ["nodes", token],
    ["operations", token],
    ["operations", text("operations/x")],
    ["warnings", text("warnings")],
  ] as const) {
    const refused = await get(`${DEFAULT}/${list}`, `&$skipToken=${bad}`);
    assert.deepEqual([refused.status, refused.body.error.target], [400, "$skipToken"], list);
  }
  assert.equal((await get(`${DEFAULT}/nodes`, "&$top=0")).body.error.target, "$top");
});

test("findings, warnings and policies are what the resource says, one by one", async () => {
  const { properties } = (await get(DEFAULT)).body;
  assert.deepEqual((await walk("warnings")).items, properties.warnings);
  assert.deepEqual(
    (await walk("findings")).items.map(({ rule }) => rule),
    status.findings.map(({ rule }) => rule),
  );
  const { items } = await walk("policies");
  assert.deepEqual(items, [
    {
      id: `${DEFAULT}/policies/block-azure-destinations`,
      name: "block-azure-destinations",
      type: `${TYPE}/policies`,
      properties: properties.policy,
    },
  ]);
  assert.deepEqual((await get(`${DEFAULT}/policies/BLOCK-azure-destinations`)).body, items[0]);
  const node = (await get(`${DEFAULT}/nodes/${nameOf(3).toUpperCase()}`)).body;
  assert.deepEqual([node.id, node.type, node.properties.pool], [`${DEFAULT}/nodes/${nameOf(3)}`, `${TYPE}/nodes`, "user"]);
  for (const [path, code] of [
    ["nodes/n9", "NodeNotFound"],
    ["policies/other", "ResourceNotFound"],
    ["operations/nothing", "ResourceNotFound"],
    ["operations/00000000-0000-4000-8000-000000000000", "ResourceNotFound"],
  ]) {
    const none = await get(`${DEFAULT}/${path}`);
    assert.deepEqual([none.status, none.body.error.code], [404, code], path);
  }
});

test("before anybody has looked the lists are empty, and the policy is not managed", async () => {
  const path = `${CLUSTERS}/other/hostRoutings/default`;
  for (const list of ["nodes", "findings", "warnings", "operations"])
    assert.deepEqual((await get(`${path}/${list}`)).body, { value: [] }, list);
  assert.equal((await get(`${path}/policies`)).body.value[0].properties.state, "NotManaged");
});

const put = (mode: string): Promise<Reply> =>
  surface.ask({
    method: "PUT",
    path: `${CLUSTER}?${V}`,
    body: { properties: { networkProfile: { advancedNetworking: { enabled: true, performance: { accelerationMode: mode } } } } },
  });

test("the history of operations: newest first, with who asked and why it failed, for every reader, in pages", async () => {
  const modes = ["BpfVeth", "None", "BpfVeth", "None", "BpfVeth"];
  for (const [index, mode] of modes.entries()) {
    assert.equal((await put(mode)).status, 200);
    const error = { code: "NodeSwitchFailed", message: "one node failed", details: [{ code: "N1", message: "n1" }] };
    await moveOperation(surface.store, cluster.id, index === 3 ? { phase: "Failed", error } : "Succeeded");
  }
  const { items, pages } = await walk("operations", "&$top=2");
  assert.deepEqual(pages, [2, 2, 1]);
  assert.deepEqual(
    items.map(({ properties: { kind, mode, status: is, requestedBy } }) => [kind, mode, is, requestedBy]),
    modes
      .map((mode, index) => [
        `${mode === "None" ? "Disable" : "Enable"}HostRouting`,
        mode,
        index === 3 ? "Failed" : "Succeeded",
        "oid-of-tests",
      ])
      .toReversed(),
  );
  const [last, failed] = items;
  assert.deepEqual(failed.properties.error.details, [{ code: "N1", message: "n1" }]);
  assert.ok(Date.parse(last.properties.startTime) <= Date.parse(last.properties.endTime));
  assert.deepEqual((await get(last.id)).body, last);

  await assign(surface.store, { principalId: "reader", roleId: readerRole.id });
  const asReader = { token: { oid: "reader" } };
  assert.equal((await surface.ask({ path: `${last.id}?${V}`, ...asReader })).body.name, last.name);
  const elsewhere = await get(last.id.replace("/one/", "/other/"));
  assert.deepEqual([elsewhere.status, elsewhere.body.error.code], [404, "ResourceNotFound"], "an operation is its cluster's");
  const statusPath = `/subscriptions/${ids.subscriptionId}/providers/Microsoft.ContainerService/locations/westeurope/operations/${last.name}`;
  assert.equal((await surface.ask({ path: `${statusPath}?${V}`, ...asReader })).status, 404, "its status stays with whoever asked");
});
