import assert from "node:assert/strict";
import { test } from "node:test";
import { clusterOver, type Closable } from "@hostrouting/kube";
import { FakeApiServer } from "@hostrouting/kube/fake-api-server";
import { AZURE_DESTINATIONS_POLICY } from "@hostrouting/policy";
import { systemTimers } from "@hostrouting/runtime";
import { makeWorld, PATIENCE } from "./testing/test-world.ts";

const ADMIN_URL = process.env["HOSTROUTING_TEST_DATABASE_URL"];
assert.ok(ADMIN_URL, "HOSTROUTING_TEST_DATABASE_URL names a Postgres on which databases may be created");

const ROUNDS_MAX = 5_000;
/** Streams hand data on in a later turn of the event loop. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** How often each was asked for, as "GET nodes"; an object counts for its collection. */
function tally(requests: readonly string[]): Readonly<Record<string, number>> {
  const kinds = requests.map((request) => {
    const [verb = "", path = ""] = request.split(" ");
    const parts = path.split("/");
    const isCluster = parts.includes("namespaces") ? parts.slice(parts.indexOf("namespaces") + 2) : parts.slice(parts[1] === "api" ? 3 : 4);
    return `${verb} ${isCluster[0] ?? path}`;
  });
  return Object.fromEntries([...Map.groupBy(kinds, (kind) => kind)].map(([kind, list]) => [kind, list.length]));
}

type Wish = { readonly nodes: number; readonly maxUnavailable: number | `${number}%`; readonly lagRounds?: number };

/** Switches all nodes of a cluster, with a watch that follows the rounds as the worker's loop has it, and that lags for so many rounds of each ten. */
async function requestsOf({ nodes, maxUnavailable, lagRounds = 0 }: Wish): Promise<readonly string[]> {
  let server: FakeApiServer | undefined;
  const world = await makeWorld(
    ADMIN_URL ?? "",
    { ...PATIENCE, maxUnavailable },
    {
      connect(fake) {
        server = new FakeApiServer(fake);
        return clusterOver(server.client, systemTimers, fake.access().cilium);
      },
    },
  );
  assert.ok(server);
  let watch: Closable | undefined;
  try {
    for (let n = 0; n < nodes; n += 1) world.fake.addNode(`n${n}`);
    const id = await world.request("BpfVeth");
    for (let rounds = 0; rounds < ROUNDS_MAX && (await world.operation(id)).endedAt === undefined; rounds += 1) {
      server.late = rounds % 10 < lagRounds;
      const end = await world.round();
      if (end.kind === "Done") watch ??= end.access?.watch(AZURE_DESTINATIONS_POLICY, () => {});
      world.fake.tick(1_000);
      server.publish();
      await turn();
    }
    assert.equal((await world.operation(id)).phase, "Succeeded");
  } finally {
    watch?.close();
    await world.close();
  }
  return server.requests;
}

/** What one more node costs at most, and what an operation costs however many nodes it switches: preflight, lists, watches, the bundle, the policies. */
const PER_NODE_MAX = 12;
const ONCE_MAX = 50;

for (const { nodes, maxUnavailable } of [
  { nodes: 3, maxUnavailable: 1 },
  { nodes: 10, maxUnavailable: 1 },
  { nodes: 100, maxUnavailable: 1 },
  { nodes: 100, maxUnavailable: "10%" },
] as const)
  test(`requests to the API server for each of ${nodes} nodes switched, ${maxUnavailable} at once`, async (context) => {
    const requests = await requestsOf({ nodes, maxUnavailable });
    context.diagnostic(`${(requests.length / nodes).toFixed(2)}: ${JSON.stringify(tally(requests))}`);
    assert.ok(requests.length <= ONCE_MAX + nodes * PER_NODE_MAX, `${requests.length} requests for ${nodes} nodes`);
    if (nodes === 100) assert.ok(requests.length / nodes <= PER_NODE_MAX, `${requests.length} requests for ${nodes} nodes`);
  });

test("nothing is written twice because the watch lags", async () => {
  const written = (requests: readonly string[]): unknown =>
    Object.fromEntries(Object.entries(tally(requests)).filter(([kind]) => !/^(GET|WATCH|PUT leases)/.test(kind)));
  const wish = { nodes: 5, maxUnavailable: 1 };
  assert.deepEqual(written(await requestsOf({ ...wish, lagRounds: 7 })), written(await requestsOf(wish)));
});
