import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { as, type ClusterId, type HostRoutingStatus, type Operation } from "@hostrouting/domain";
import { exposition, MetricsServer } from "@hostrouting/runtime";
import { readWorkerConfig } from "../config.ts";
import { CLUSTER_ID, makeWorld, type World } from "../testing/test-world.ts";
import { doorbellFamilies } from "./doorbell-families.ts";
import { WorkerMetrics } from "./worker-metrics.ts";

const ADMIN_URL = process.env["HOSTROUTING_TEST_DATABASE_URL"];
assert.ok(ADMIN_URL, "HOSTROUTING_TEST_DATABASE_URL names a Postgres on which databases may be created");

const golden = new URL("worker-metrics.golden.txt", import.meta.url);

const cluster = (name: string): ClusterId =>
  as<ClusterId>(`/subscriptions/s/resourcegroups/g/providers/microsoft.containerservice/managedclusters/${name}`);
const operation = (phase: Operation["phase"]): Operation => ({ kind: "EnableHostRouting", phase }) as Operation;
const status = (nodes: number): HostRoutingStatus =>
  ({
    state: "Enabling",
    health: "Healthy",
    waits: [{ reason: "Draining", subject: "node-secret" }],
    nodes: Array.from({ length: nodes }, (_, n) => ({
      name: `node-${n}`,
      phase: n === 0 ? "Draining" : "Pending",
      effectiveMode: "Legacy",
    })),
  }) as unknown as HostRoutingStatus;

function twoClusters(): WorkerMetrics {
  const metrics = new WorkerMetrics();
  metrics.decided(cluster("a"), { operation: operation("Rolling"), status: status(3), history: [{ kind: "PolicyDrifted", data: {} }] });
  metrics.decided(cluster("b"), { operation: operation("Rolling"), status: status(2), history: [{ kind: "NodePhaseChanged", data: {} }] });
  metrics.decided(cluster("c"), { operation: operation("Succeeded"), status: status(1), history: [] });
  metrics.roundEnded(cluster("a"), "Done");
  metrics.roundEnded(cluster("c"), "Yielded");
  return metrics;
}

const SILENT = { state: "Refused", sent: 0, failed: 0, heard: 3 } as const;

describe("what a worker tells Prometheus", () => {
  test("says whether its bell works", () => {
    const [bell, heard] = doorbellFamilies(SILENT);
    assert.deepEqual(
      bell?.samples.map(({ labels, value }) => [labels?.["state"], value]),
      [
        ["Working", 0],
        ["Away", 0],
        ["Refused", 1],
      ],
    );
    assert.equal(heard?.samples[0]?.value, 3);
  });

  test("is what stands beside this test; UPDATE_GOLDENS=1 writes it anew", async () => {
    const text = await exposition(twoClusters().families());
    if (process.env["UPDATE_GOLDENS"] === "1") writeFileSync(golden, text);
    assert.ok(existsSync(golden), `${golden.pathname} is missing`);
    assert.equal(text, readFileSync(golden, "utf8"));
  });

  test("names no cluster and no node", async () => assert.doesNotMatch(await exposition(twoClusters().families()), /subscriptions|node-/));

  test("is nothing of a cluster that somebody else holds, or that is gone", () => {
    const metrics = twoClusters();
    metrics.roundEnded(cluster("a"), "Yielded");
    metrics.forget(cluster("b"));
    const gauges = metrics.families().filter(({ type }) => type === "gauge");
    assert.deepEqual(
      gauges.flatMap(({ samples }) => samples),
      [],
    );
  });

  test("is explained in docs/metrics.md, and nothing else is", () => {
    const [, section = ""] = readFileSync(new URL("../../../../docs/metrics.md", import.meta.url), "utf8").split(
      "\n## Of the rollout worker\n",
    );
    const rows = [...section.matchAll(/^\| `(\w+)` +\| (\w+) +\|/gm)].map(([, name, type]) => [name, type]);
    assert.deepEqual(
      rows,
      [...new WorkerMetrics().families(), ...doorbellFamilies(SILENT)].map(({ name, type }) => [name, type]),
    );
  });
});

describe("a scrape of a worker", () => {
  let world: World;
  beforeEach(async () => {
    world = await makeWorld(ADMIN_URL);
    world.fake.addNode("n1");
  });
  afterEach(() => world.close());

  test("shows an operation on its way, and its end", async () => {
    const server = new MetricsServer({
      collect: () => world.metrics.families(),
      logger: { info: () => {}, warn: () => {}, error: () => {} },
      monotonicNow: (() => {
        let now = 0;
        return () => (now += 10_000);
      })(),
    });
    server.follow([{ host: "127.0.0.1", port: 0 }]);
    while (server.addresses().length === 0) await setImmediate();
    const [at] = server.addresses();
    const scrape = async (): Promise<string> => (await fetch(`http://${at?.host}:${at?.port}/metrics`)).text();
    try {
      const id = await world.request("BpfVeth");
      await world.round();
      assert.match(await scrape(), /^acns_hostrouting_operations\{kind="EnableHostRouting",phase="\w+"\} 1$/m);
      await world.finish(id);
      await world.round();
      const text = await scrape();
      assert.match(text, /^acns_hostrouting_operations_ended_total\{kind="EnableHostRouting",result="Succeeded"\} 1$/m);
      assert.match(text, /^acns_hostrouting_nodes\{phase="Enabled",mode="BpfVeth"\} 1$/m);
      assert.match(text, /^acns_hostrouting_clusters\{state="Enabled",health="Healthy"\} 1$/m);
      assert.doesNotMatch(text, /^acns_hostrouting_operations\{/m);
      assert.doesNotMatch(text, new RegExp(CLUSTER_ID, "i"));
    } finally {
      server.stop();
    }
  });
});

describe("where a worker answers", () => {
  const env = {
    HOSTROUTING_DATABASE_URL: "postgres://x",
    HOSTROUTING_BUNDLE_IMAGE: "i",
    HOSTROUTING_BUNDLE_DIGEST: `sha256:${"1".repeat(64)}`,
  };
  const cases: [text: string | undefined, expected: unknown][] = [
    [undefined, { host: "127.0.0.1", port: 9477 }],
    ["off", undefined],
    ["10.0.0.4:9000", { host: "10.0.0.4", port: 9000 }],
    ["[::1]:9000", { host: "::1", port: 9000 }],
  ];
  for (const [text, expected] of cases)
    test(`${text}`, () => assert.deepEqual(readWorkerConfig({ ...env, HOSTROUTING_METRICS_LISTEN: text }).metrics, expected));
  for (const text of ["localhost:9477", "127.0.0.1", "::1:9477", "127.0.0.1:70000", "[127.0.0.1]:1"])
    test(`${text} is refused`, () =>
      assert.throws(() => readWorkerConfig({ ...env, HOSTROUTING_METRICS_LISTEN: text }), /HOSTROUTING_METRICS_LISTEN must be off/));
});
