import assert from "node:assert/strict";
import { test } from "node:test";
import { clusterOver, type Closable } from "@hostrouting/kube";
import { FakeApiServer } from "@hostrouting/kube/fake-api-server";
import { AZURE_DESTINATIONS_POLICY } from "@hostrouting/policy";
import type { OperationId, RolloutPolicy } from "@hostrouting/domain";
import { systemTimers, type Timers } from "@hostrouting/runtime";
import { CLUSTER_ID, makeWorld, PATIENCE, type WorldSettings } from "./testing/test-world.ts";

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

type Wish = { readonly nodes: number; readonly policy: Partial<RolloutPolicy>; readonly lagRounds?: number };

/** Nothing is late, and nothing is asked for because time went by. */
const STILL: Timers = { monotonicNow: () => 0, after: () => () => {}, every: () => () => {} };

/** A cluster behind an API server that counts, with a watch that follows its rounds as the worker's loop has it, and that lags for so many rounds of each ten. */
async function countedWorld({ nodes, policy, lagRounds = 0 }: Wish) {
  let server: FakeApiServer | undefined;
  let watch: Closable | undefined;
  const settings: WorldSettings = {
    connect(fake) {
      server = new FakeApiServer(fake);
      return clusterOver(server.client, lagRounds === 0 ? STILL : systemTimers, fake.access().cilium);
    },
    follow: (access) => void (watch ??= access.watch(AZURE_DESTINATIONS_POLICY, () => {})),
  };
  const world = await makeWorld(ADMIN_URL ?? "", { ...PATIENCE, ...policy }, settings);
  assert.ok(server);
  const { requests } = server;
  for (let n = 0; n < nodes; n += 1) world.fake.addNode(`n${n}`);
  const round = async (rounds: number): Promise<void> => {
    if (server !== undefined) server.late = rounds % 10 < lagRounds;
    await world.round();
    world.fake.tick(1_000);
    server?.publish();
    await turn();
  };
  return {
    world,
    /** Rounds until an operation has succeeded; answers what was asked of the API server meanwhile. */
    async requestsOf(id: OperationId): Promise<readonly string[]> {
      requests.length = 0;
      for (let rounds = 0; rounds < ROUNDS_MAX && (await world.operation(id)).endedAt === undefined; rounds += 1) await round(rounds);
      assert.equal((await world.operation(id)).phase, "Succeeded");
      return [...requests];
    },
    /** Rounds until an operation has begun by itself. */
    async begun(): Promise<OperationId> {
      for (let rounds = 0; rounds < ROUNDS_MAX; rounds += 1) {
        await round(rounds);
        const operation = (await world.store.rounds.read(CLUSTER_ID))?.operation;
        if (operation !== undefined) return operation.id;
      }
      throw new Error("no operation begins");
    },
    async close(): Promise<void> {
      watch?.close();
      await world.close();
    },
  };
}

/** Switches all nodes of a cluster. */
async function requestsOf(wish: Wish): Promise<readonly string[]> {
  const counted = await countedWorld(wish);
  try {
    return await counted.requestsOf(await counted.world.request("BpfVeth"));
  } finally {
    await counted.close();
  }
}

/** What one more node costs at most, and what an operation costs however many nodes it switches: preflight, lists, watches, the bundle, the policies. */
const PER_NODE_MAX = 10;
const ONCE_MAX = 40;

for (const { nodes, maxUnavailable } of [
  { nodes: 3, maxUnavailable: 1 },
  { nodes: 10, maxUnavailable: 1 },
  { nodes: 100, maxUnavailable: 1 },
  { nodes: 100, maxUnavailable: "10%" },
] as const)
  test(`requests to the API server for each of ${nodes} nodes switched, ${maxUnavailable} at once`, async (context) => {
    const requests = await requestsOf({ nodes, policy: { maxUnavailable } });
    context.diagnostic(`${(requests.length / nodes).toFixed(2)}: ${JSON.stringify(tally(requests))}`);
    assert.ok(requests.length <= ONCE_MAX + nodes * PER_NODE_MAX, `${requests.length} requests for ${nodes} nodes`);
  });

test("nothing is written twice because the watch lags", async () => {
  const written = (requests: readonly string[]): unknown =>
    Object.fromEntries(Object.entries(tally(requests)).filter(([kind]) => !/^(GET|WATCH|PUT leases)/.test(kind)));
  const wish = { nodes: 5, policy: { maxUnavailable: 1 } };
  assert.deepEqual(written(await requestsOf({ ...wish, lagRounds: 7 })), written(await requestsOf(wish)));
});

/** Read by the database's clock, however fast the operation is: the admission policy each minute, Events each ten seconds while nodes soak. */
const BY_THE_CLOCK: ReadonlySet<string> = new Set(["GET mutatingadmissionpolicies", "GET mutatingadmissionpolicybindings", "GET events"]);

function withoutClock(asked: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(asked).filter(([kind]) => !BY_THE_CLOCK.has(kind)));
}

/** All that an operation asks of the API server on three nodes, one after the other: who needs one more request says so here. */
const REQUESTS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  EnableHostRouting: {
    // Six collections are listed and watched.
    "GET nodes": 1,
    "WATCH nodes": 1,
    "GET hostroutingnodes": 1,
    "WATCH hostroutingnodes": 1,
    "GET hostroutingconfigs": 1,
    "WATCH hostroutingconfigs": 1,
    "GET daemonsets": 1,
    "WATCH daemonsets": 1,
    "GET ciliumclusterwidenetworkpolicies": 1,
    "WATCH ciliumclusterwidenetworkpolicies": 1,
    // The bundle's pods, and all pods for preflight.
    "GET pods": 2,
    "WATCH pods": 1,
    // Preflight: the version, our rights, and whether admission takes the bundle, which is then written.
    "GET /version": 1,
    "POST selfsubjectrulesreviews": 1,
    "PATCH daemonsets": 2,
    "PATCH ciliumclusterwidenetworkpolicies": 1,
    "POST mutatingadmissionpolicies": 1,
    "POST mutatingadmissionpolicybindings": 1,
    // To observe, and to route by eBPF.
    "PATCH hostroutingconfigs": 2,
    // Before the first write of each round that writes: three for each node, and one that prepares.
    "GET leases": 1,
    "POST leases": 1,
    "PUT leases": 10,
    // To observe, to switch, to keep the switch.
    "PATCH hostroutingnodes": 9,
    // Claim, and release with the label.
    "PATCH nodes": 6,
    "POST events": 3,
  },
  UpgradeBundle: {
    "GET /version": 1,
    "POST selfsubjectrulesreviews": 1,
    "PATCH daemonsets": 2,
    "PATCH hostroutingconfigs": 1,
    // All pods once; the bundle's anew after each of its pods was deleted.
    "GET pods": 4,
    "WATCH pods": 3,
    "DELETE pods": 3,
    "PUT leases": 16,
    "PATCH hostroutingnodes": 6,
    "PATCH nodes": 6,
  },
  DisableHostRouting: {
    "PUT leases": 10,
    "PATCH hostroutingconfigs": 1,
    "PATCH hostroutingnodes": 3,
    "PATCH nodes": 3,
    // What was deleted is listed anew.
    "DELETE hostroutingnodes": 3,
    "GET hostroutingnodes": 1,
    "WATCH hostroutingnodes": 1,
    "DELETE daemonsets": 1,
    "GET daemonsets": 1,
    "WATCH daemonsets": 1,
    "DELETE ciliumclusterwidenetworkpolicies": 1,
    "GET ciliumclusterwidenetworkpolicies": 1,
    "WATCH ciliumclusterwidenetworkpolicies": 1,
    "DELETE mutatingadmissionpolicies": 1,
    "DELETE mutatingadmissionpolicybindings": 1,
  },
};

test("what each kind of operation asks of the API server on three nodes", async () => {
  const counted = await countedWorld({ nodes: 3, policy: { maxUnavailable: 1, analysisMode: "Off" } });
  const { world } = counted;
  try {
    const enabled = tally(await counted.requestsOf(await world.request("BpfVeth")));
    world.offer({ image: "localhost/acns-hostrouting/bundle:2", digest: `sha256:${"2".repeat(64)}` });
    const upgraded = tally(await counted.requestsOf(await counted.begun()));
    const disabled = tally(await counted.requestsOf(await world.request("None")));
    const found = Object.entries({ EnableHostRouting: enabled, UpgradeBundle: upgraded, DisableHostRouting: disabled });
    assert.deepEqual(Object.fromEntries(found.map(([kind, asked]) => [kind, withoutClock(asked)])), REQUESTS);
  } finally {
    await counted.close();
  }
});
