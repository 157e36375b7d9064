import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { AppError } from "@hostrouting/domain";
import type { ClusterAccess, Closable } from "./cluster-access.ts";
import { FakeApiServer } from "./fake-api-server.ts";
import { FakeCluster } from "./fake-cluster.ts";
import { clusterOver } from "./kubernetes-cluster.ts";
import { ManualTimers, settled } from "./testing/manual-timers.ts";

const POLICY = "block-azure-destinations";
const SPEC = { mode: "BpfVeth", generation: 1, fencingToken: 1, operationId: "o", nodeUID: "uid-n1", bootID: "boot-n1" } as never;

let cluster: FakeCluster;
let server: FakeApiServer;
let timers: ManualTimers;
let access: ClusterAccess;
let watch: Closable;
let changes: number;

/** Requests since the last call, as "GET nodes". */
function asked(): readonly string[] {
  return server.requests.splice(0).map((request) => request.replace(/ .*\//, " "));
}
const askedOf = (resource: string): readonly string[] => asked().filter((request) => request.endsWith(` ${resource}`));
const labels = async (): Promise<readonly (string | undefined)[]> =>
  (await access.listNodes()).map(({ metadata }) => `${metadata?.name} ${metadata?.labels?.["l"] ?? "-"}`);

async function label(name: string, value: string): Promise<void> {
  const { uid = "", resourceVersion = "" } = cluster.nodes.get(name)?.metadata ?? {};
  await access.patchNode(name, { metadata: { uid, resourceVersion, labels: { l: value } } });
}

beforeEach(async () => {
  cluster = new FakeCluster();
  cluster.addNode("n1");
  cluster.addNode("n2");
  server = new FakeApiServer(cluster);
  timers = new ManualTimers();
  access = clusterOver(server.client, timers, cluster.access().cilium);
  changes = 0;
  watch = access.watch(POLICY, () => void (changes += 1));
  await settled();
});

describe("a cluster that is watched", () => {
  test("is listed once and read from what is kept; what happens in it is told and read without asking", async () => {
    assert.deepEqual(asked().toSorted(), [
      ...[
        "GET ciliumclusterwidenetworkpolicies",
        "GET daemonsets",
        "GET hostroutingconfigs",
        "GET hostroutingnodes",
        "GET nodes",
        "GET pods",
      ],
      ...[
        "WATCH ciliumclusterwidenetworkpolicies",
        "WATCH daemonsets",
        "WATCH hostroutingconfigs",
        "WATCH hostroutingnodes",
        "WATCH nodes",
      ],
      "WATCH pods",
    ]);
    const before = changes;
    cluster.addNode("n3");
    cluster.removeNode("n1");
    cluster.cordon("n2");
    server.publish();
    await settled();
    assert.deepEqual(
      (await access.listNodes()).map(({ metadata, spec }) => [metadata?.name, spec?.unschedulable]),
      [
        ["n2", true],
        ["n3", undefined],
      ],
    );
    const [nodes, objects, config, bundle, pods, policy] = await Promise.all([
      ...[access.listNodes(), access.listNodeObjects(), access.readConfig(), access.readBundle(), access.listBundlePods()],
      access.readPolicy(POLICY),
    ]);
    assert.deepEqual(
      [(nodes as unknown[]).length, objects, config, bundle, pods, policy],
      [2, [], undefined, undefined, [], { kind: "Absent" }],
    );
    assert.deepEqual(asked(), []);
    assert.equal(changes - before, 3);
  });

  test("is listed at each look when nobody watches it, and never by itself", async () => {
    watch.close();
    asked();
    await access.listNodes();
    await access.listNodes();
    cluster.cordon("n1");
    server.publish();
    await timers.pass(3_600_000);
    assert.deepEqual(asked(), ["GET nodes", "GET nodes"]);
  });

  test("is read as it was listed when its watch is closed meanwhile", async () => {
    await access.deleteNodeObject("n1");
    const listing = access.listNodeObjects();
    watch.close();
    assert.deepEqual(await listing, []);
  });
});

describe("a watch that ends", () => {
  test("goes on from where it was, told by bookmarks too, and what came in between is not missed", async () => {
    server.bookmark();
    await settled();
    asked();
    server.endWatches();
    cluster.cordon("n1");
    await timers.pass(250);
    assert.deepEqual(askedOf("nodes"), ["WATCH nodes"]);
    assert.equal((await access.listNodes())[0]?.spec?.unschedulable, true);
    assert.deepEqual(asked(), []);
  });

  test("lists again when its version has expired", async () => {
    asked();
    server.endWatches();
    cluster.removeNode("n1");
    server.compact();
    await timers.pass(1_000);
    assert.deepEqual(askedOf("nodes"), ["WATCH nodes", "GET nodes", "WATCH nodes"]);
    assert.deepEqual(await labels(), ["n2 -"]);
  });

  test("is trusted for two seconds; then every look asks, and says so when nothing answers", async () => {
    server.endWatches(new Error("reset"));
    cluster.unreachable = true;
    await timers.pass(1_900);
    asked();
    assert.deepEqual(await labels(), ["n1 -", "n2 -"]);
    assert.deepEqual(asked(), []);
    await timers.pass(200);
    await assert.rejects(access.listNodes(), (error) => error instanceof AppError && error.code === "kube.unreachable");
  });

  test("after the API server was restored to a state of before is listed as it is now, whatever the versions say", async () => {
    for (let writes = 0; writes < 100; writes += 1) cluster.nextVersion();
    cluster.cordon("n1");
    server.publish();
    await settled();
    const restored = new FakeCluster();
    restored.addNode("n1");
    const { call } = new FakeApiServer(restored).client;
    server.client.call = call;
    server.endWatches();
    server.compact();
    await timers.pass(10_000);
    assert.deepEqual(
      (await access.listNodes()).map(({ spec }) => spec?.unschedulable),
      [undefined],
    );
  });

  test("after ten minutes lists all anew, whatever was heard", async () => {
    for (let minutes = 0; minutes < 11; minutes += 1) {
      await timers.pass(60_000);
      server.bookmark();
    }
    await settled();
    asked();
    server.endWatches();
    await timers.pass(1_000);
    assert.deepEqual(askedOf("nodes"), ["GET nodes", "WATCH nodes"]);
  });
});

describe("what we wrote ourselves", () => {
  test("is read before the watch tells of it, and what the watch tells later of before does not take it back", async () => {
    server.late = true;
    cluster.cordon("n1");
    server.publish();
    asked();
    await label("n1", "a");
    await access.applyNodeObject({ name: "n1", uid: "uid-n1" }, SPEC);
    assert.deepEqual(await labels(), ["n1 a", "n2 -"]);
    assert.equal((await access.listNodeObjects())[0]?.spec.generation, 1);
    server.tellNext();
    await settled();
    assert.deepEqual(await labels(), ["n1 a", "n2 -"]);
    server.late = false;
    await settled();
    assert.deepEqual(await labels(), ["n1 a", "n2 -"]);
    assert.deepEqual(asked(), ["PATCH n1", "PATCH n1"]);
  });

  test("and does not come back by the watch within five seconds shows that the watch is not to be trusted", async () => {
    server.late = true;
    await label("n1", "a");
    cluster.removeNode("n2");
    await timers.pass(4_900);
    asked();
    assert.deepEqual(await labels(), ["n1 a", "n2 -"]);
    await timers.pass(200);
    assert.deepEqual(await labels(), ["n1 a"]);
    assert.ok(askedOf("nodes").includes("GET nodes"));
  });

  test("and was deleted by others before our answer came does not stay", async () => {
    const { call } = server.client;
    server.client.call = async (given) => {
      const answer = await call(given);
      if (given.method !== "PATCH") return answer;
      cluster.removeNode("n1");
      server.publish();
      await settled();
      return answer;
    };
    access = clusterOver(server.client, timers, cluster.access().cilium);
    access.watch(POLICY, () => {});
    await settled();
    await label("n1", "a");
    assert.deepEqual(await labels(), ["n2 -"]);
  });

  test("while a list was on its way is not lost by it", async () => {
    const { call } = server.client;
    const gate: { opens?: Promise<void> } = {};
    server.client.call = async (given) => {
      const answer = await call(given);
      if (given.method === "GET") await gate.opens;
      return answer;
    };
    access = clusterOver(server.client, timers, cluster.access().cilium);
    access.watch(POLICY, () => {});
    await settled();
    const { promise, resolve } = Promise.withResolvers<void>();
    gate.opens = promise;
    server.late = true;
    await access.deleteNodeObject("n2");
    const listing = access.listNodeObjects();
    await access.applyNodeObject({ name: "n1", uid: "uid-n1" }, SPEC);
    resolve();
    assert.deepEqual(
      (await listing).map(({ metadata }) => metadata.name),
      ["n1"],
    );
  });

  test("to delete is asked for at the next look", async () => {
    await access.applyNodeObject({ name: "n1", uid: "uid-n1" }, SPEC);
    server.late = true;
    await access.deleteNodeObject("n1");
    assert.deepEqual(await access.listNodeObjects(), []);
  });

  const ends = [
    ["is lost", "kube.unreachable"],
    ["is a conflict", "kube.conflict"],
  ] as const;
  for (const [what, code] of ends)
    test(`is asked for at the next look when its answer ${what}`, async () => {
      server.late = true;
      const { call } = server.client;
      server.client.call = async (given) => {
        const answer = await call(given);
        if (given.method === "PATCH") throw new AppError(code, { say: "no" });
        return answer;
      };
      access = clusterOver(server.client, timers, cluster.access().cilium);
      access.watch(POLICY, () => {});
      await settled();
      await assert.rejects(label("n1", "a"));
      assert.deepEqual(await labels(), ["n1 a", "n2 -"]);
    });
});

describe("an API server that does not answer", () => {
  test("is noticed at the next look when connections break", async () => {
    cluster.unreachable = true;
    server.endWatches(new Error("reset"));
    await settled();
    await assert.rejects(access.readConfig(), (error) => error instanceof AppError && error.code === "kube.unreachable");
  });

  test("without a word is noticed by the look that comes three seconds after the last sign", async () => {
    cluster.unreachable = true;
    await timers.pass(2_900);
    assert.equal(await access.readConfig(), undefined);
    await timers.pass(200);
    await assert.rejects(access.readConfig(), (error) => error instanceof AppError && error.code === "kube.unreachable");
  });
});

describe("a kind that the API server does not have", () => {
  test("is not asked for at each look, and is found when it comes", async () => {
    watch.close();
    cluster.policies.isSupported = false;
    access.watch(POLICY, () => {});
    await settled();
    asked();
    assert.deepEqual(await access.readPolicy(POLICY), { kind: "Unsupported" });
    assert.deepEqual(await access.readPolicy(POLICY), { kind: "Unsupported" });
    assert.deepEqual(asked(), []);
    cluster.policies.isSupported = true;
    await timers.pass(10_000);
    assert.deepEqual(await access.readPolicy(POLICY), { kind: "Absent" });
  });
});
