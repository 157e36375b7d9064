/** Machines of a pool: what the worker saw, and that nothing else is claimed. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ids, makeCluster, register, seeNodes } from "./testing/test-cluster.ts";
import { startTestSurface, type Reply, type TestSurface } from "./testing/test-surface.ts";

const V = "api-version=2026-04-01";
const CLUSTERS = `/subscriptions/${ids.subscriptionId}/resourceGroups/Lab/providers/Microsoft.ContainerService/managedClusters`;
const USER = `${CLUSTERS}/one/agentPools/user/machines`;

let surface: TestSurface;
before(async () => {
  surface = await startTestSurface();
  await register(surface.store, [makeCluster("one"), makeCluster("unseen")]);
  await seeNodes(surface.store, makeCluster("one").id, {
    user: ["aks-user-2", "aks-user-0", "aks-user-1"],
    system: ["aks-system-0"],
    "": ["own-1"],
  });
});
after(() => surface.close());

const get = (path: string, more = ""): Promise<Reply> => surface.ask({ path: `${path}?${V}${more}` });

test("a machine has its node's name, and nothing is said of it that is not known", async () => {
  const id = `${USER}/aks-user-0`;
  const shown = { id, name: "aks-user-0", type: "Microsoft.ContainerService/managedClusters/agentPools/machines", properties: {} };
  assert.deepEqual((await get(id.replace("aks-user-0", "AKS-User-0"))).body, shown);
  assert.deepEqual((await get(USER)).body.value[0], shown);
});

test("a pool has its own machines, by name and in pages", async () => {
  const seen: string[] = [];
  for (let path: string | undefined = `${USER.replace("/user/", "/User/")}?${V}&$top=2`; path !== undefined;) {
    const { body }: Reply = await surface.ask({ path });
    seen.push(...body.value.map((one: { name: string }) => one.name));
    path = body.nextLink?.slice(surface.base.length);
  }
  assert.deepEqual(seen, ["aks-user-0", "aks-user-1", "aks-user-2"]);
});

const refused: readonly (readonly [name: string, path: string, status: number, code: string, says: RegExp])[] = [
  ["another pool's", `${USER}/aks-system-0`, 404, "ResourceNotFound", /'user' of cluster 'one' has no machine 'aks-system-0'/],
  ["of no pool", `${CLUSTERS}/one/agentPools/none/machines`, 404, "ResourceNotFound", /none/],
  ["of no cluster", `${CLUSTERS}/none/agentPools/user/machines`, 404, "ResourceNotFound", /none/],
  ["that nobody has looked for", `${CLUSTERS}/unseen/agentPools/user/machines`, 409, "MachinesNotKnown", /Ask again in a minute/],
  ["one that nobody has looked for", `${CLUSTERS}/unseen/agentPools/user/machines/x`, 409, "MachinesNotKnown", /not known yet/],
];
for (const [name, path, status, code, says] of refused)
  test(`refused: machines ${name}`, async () => {
    const { body, ...reply } = await get(path);
    assert.deepEqual([reply.status, body.error.code], [status, code]);
    assert.match(body.error.message, says);
  });
