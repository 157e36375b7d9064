import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { afterEach, test } from "node:test";
import {
  as,
  developmentPolicy,
  productionPolicy,
  type Assessment,
  type AssessmentId,
  type AssessmentReport,
  type AssessmentRequest,
} from "@hostrouting/domain";
import { CLUSTER_ID, makeWorld, PATIENCE, type World } from "../testing/test-world.ts";

const ADMIN_URL = process.env["HOSTROUTING_TEST_DATABASE_URL"] ?? "";
assert.ok(ADMIN_URL !== "", "HOSTROUTING_TEST_DATABASE_URL names a Postgres on which databases may be created");

let world: World;
afterEach(() => world.close());

/** What a worker calls to change something. */
const WRITES = /^(apply|delete|patch|evict|write)/;

async function make(policy = PATIENCE, names: readonly string[] = ["n1", "n2", "n3"]): Promise<string[]> {
  world = await makeWorld(ADMIN_URL, policy);
  for (const name of names) world.fake.addNode(name);
  const writes: string[] = [];
  world.fake.onCall = (name) => void (WRITES.test(name) && writes.push(name));
  return writes;
}

async function ask(asked: Partial<AssessmentRequest> = {}): Promise<AssessmentId> {
  const id = as<AssessmentId>(randomUUID());
  const { rolloutPolicy } = await world.store.clusters.status(CLUSTER_ID);
  await world.store.assessments.request({
    id,
    clusterId: CLUSTER_ID,
    kind: "WhatIf",
    mode: "BpfVeth",
    rolloutPolicy,
    tenantId: "t",
    objectId: "o",
    ...asked,
  });
  return id;
}

async function answered(id: AssessmentId): Promise<Assessment> {
  await world.round();
  await world.assessed();
  const found = await world.store.assessments.get(id);
  assert.ok(found);
  return found;
}

async function report(id: AssessmentId): Promise<AssessmentReport> {
  const { report: found, error } = await answered(id);
  assert.ok(found, JSON.stringify(error));
  return found;
}

test("validate answers every rule, says which only agents can answer, and writes nothing", async () => {
  const writes = await make();
  const said = await report(await ask({ kind: "Validate" }));
  assert.equal(said.forecast, undefined);
  assert.deepEqual([said.verdict, said.nodeCount, said.reportingNodes], ["Passed", 3, 0]);
  const missing = said.rules.filter(({ needsAgent }) => needsAgent);
  assert.ok(missing.length > 10);
  assert.ok(missing.every(({ outcome, remedy }) => outcome === "Skipped" && remedy.includes("agents")));
  assert.ok(said.rules.every(({ outcome, remedy }) => outcome !== "Unknown" || remedy !== ""));
  assert.deepEqual(writes, []);
});

test("agents that are there are used, also while an operation is under way, which the answer does not count as another", async () => {
  await make();
  const id = await world.request("BpfVeth");
  for (let rounds = 0; rounds < 4; rounds += 1) {
    await world.round();
    world.fake.tick(1_000);
  }
  const said = await report(await ask({ kind: "Validate" }));
  assert.equal(said.reportingNodes, 3);
  assert.equal(said.rules.find(({ id: rule }) => rule === "PF-002")?.outcome, "Passed");
  assert.equal((await world.finish(id)).phase, "Succeeded");
});

test("what the last operation left is nothing that the next one would wait for", async () => {
  await make();
  const id = await world.request("BpfVeth");
  await world.cancel(id);
  assert.equal((await world.finish(id)).phase, "Canceled");
  assert.equal((await world.store.clusters.get(CLUSTER_ID))?.provisioningState, "Canceled");
  const said = await report(await ask());
  assert.deepEqual([said.verdict, said.forecast?.outcome, said.forecast?.holds], ["Passed", "Succeeded", []]);
  assert.equal((await world.finish(await world.request("BpfVeth"))).phase, "Succeeded");
});

test("a rule that fails blocks, under the rulesets that say so; an override counts", async () => {
  await make();
  const windowless = { ...PATIENCE, maintenance: "Require" } as const;
  const windows = { default: { timeInWeek: [], notAllowedTime: [{ start: "2000-01-01T00:00:00.000Z", end: "2190-01-01T00:00:00.000Z" }] } };
  await world.store.clusters.change(CLUSTER_ID, () => ({ result: undefined, change: { maintenance: windows, history: [] } }));
  const strict = await report(await ask({ kind: "Validate", rolloutPolicy: windowless }));
  assert.deepEqual(
    strict.rulesets.map(({ ruleset, isSelected, verdict, blocking }) => [ruleset, isSelected, verdict, blocking]),
    [
      ["seed-2024", false, "Blocked", ["PF-051"]],
      ["ga-2026", true, "Blocked", ["PF-051"]],
    ],
  );
  const expiresAt = "2190-01-01T00:00:00Z";
  const preflightOverrides = [{ ruleId: "PF-051", reason: "ticket 1", expiresAt }];
  const allowed = await report(await ask({ kind: "Validate", rolloutPolicy: { ...windowless, preflightOverrides } }));
  assert.equal(allowed.verdict, "Passed");
  assert.deepEqual(allowed.rules.find(({ outcome }) => outcome === "Overridden")?.override, { reason: "ticket 1", expiresAt });
});

test("what-if tells batches by name, duration, objects and node-hours, and writes nothing", async () => {
  const writes = await make({ ...developmentPolicy, batchPlan: [1], maxUnavailable: 1, analysisMode: "Off" });
  const { forecast } = await report(await ask());
  assert.deepEqual(
    forecast?.batches.map(({ name, nodes }) => [name, nodes]),
    [
      ["canaries", ["n1"]],
      ["batch 1", ["n2"]],
      ["batch 2", ["n3"]],
    ],
  );
  assert.ok((forecast?.duration.bestMs ?? 0) > 0 && (forecast?.duration.bestMs ?? 0) < (forecast?.duration.worstMs ?? 0));
  assert.deepEqual(forecast?.disruption, { nodes: 3, unknownNodes: 3 });
  assert.deepEqual(forecast?.usage, { nodes: 3, nodeHoursPerDay: 72 });
  assert.deepEqual(
    forecast?.changes.map(({ action, kind, names }) => [action, kind, names.length]),
    [
      ["Create", "Lease", 1],
      ["Create", "DaemonSet", 1],
      ["Create", "HostRoutingConfig", 1],
      ["Create", "CiliumClusterwideNetworkPolicy", 1],
      ["Create", "MutatingAdmissionPolicy", 1],
      ["Create", "MutatingAdmissionPolicyBinding", 1],
      ["Create", "HostRoutingNode", 3],
      ["Update", "Node", 3],
    ],
  );
  assert.deepEqual(writes, []);
});

test("what was forecast is what the operation then does: the same nodes in the same order, the same objects", async () => {
  await make({ ...PATIENCE, batchPlan: [1], maxUnavailable: 1, analysisMode: "Off" });
  const { forecast } = await report(await ask());
  world.fake.onCall = () => {};
  assert.equal((await world.finish(await world.request("BpfVeth"))).phase, "Succeeded");
  const history = await world.store.clusters.history(CLUSTER_ID, { afterSeq: 0, limit: 1_000 });
  const started = history.filter(({ data }) => data["to"] === "Switching").map(({ data }) => data["node"]);
  assert.deepEqual(
    forecast?.batches.flatMap(({ nodes }) => nodes),
    started,
  );
  const config = forecast?.changes.find(({ kind }) => kind === "HostRoutingConfig")?.content as { spec: unknown };
  assert.deepEqual(config.spec, world.fake.config?.spec);
  const bundle = forecast?.changes.find(({ kind }) => kind === "DaemonSet")?.content;
  assert.deepEqual(bundle, world.fake.daemonSet);
  const node = forecast?.changes.find(({ kind }) => kind === "Node")?.content as { metadata: { labels: Record<string, string> } };
  assert.deepEqual(
    Object.entries(node.metadata.labels).filter(([label, value]) => world.fake.nodes.get("n1")?.metadata?.labels?.[label] !== value),
    [],
  );
  const again = await report(await ask());
  assert.equal(again.forecast?.outcome, "NothingToDo");
  const off = (await report(await ask({ mode: "None" }))).forecast;
  assert.deepEqual(
    off?.changes.map(({ action, kind }) => [action, kind]),
    [
      ["Update", "Lease"],
      ["Delete", "DaemonSet"],
      ["Update", "HostRoutingConfig"],
      ["Delete", "CiliumClusterwideNetworkPolicy"],
      ["Delete", "MutatingAdmissionPolicy"],
      ["Delete", "MutatingAdmissionPolicyBinding"],
      ["Delete", "HostRoutingNode"],
      ["Update", "Node"],
    ],
  );
  assert.deepEqual([off?.batches.map(({ nodes }) => nodes), off?.usage.nodes, off?.duration.worstMs], [[["n1", "n2", "n3"]], 0, undefined]);
});

test("a budget that lets nobody leave is named, and the node that it keeps", async () => {
  await make({
    ...PATIENCE,
    nodeAction: "DrainAndSwitch",
    analysisMode: "Off",
    maxUnavailable: 1,
    maxBlockedNodes: 1,
    minSuccessPercent: 50,
  });
  world.fake.addPod("shop", "cart-1", "n1");
  world.fake.budgets.push({ namespace: "shop", name: "cart", podPrefix: "cart", allowed: 0 });
  const { forecast } = await report(await ask());
  assert.deepEqual(forecast?.blockedBudgets, { names: ["shop/cart"] });
  assert.ok(forecast?.capacity.leaving !== undefined || forecast?.capacity.because !== undefined);
});

test("gates and windows that would hold it are named", async () => {
  await make({
    ...PATIENCE,
    gates: [{ id: "board", kind: "Approval", at: "BeforeCluster", twoPersons: false }],
    maintenance: "Require",
    analysisMode: "Off",
  });
  const { forecast } = await report(await ask());
  assert.deepEqual(
    forecast?.holds.map(({ reason, subject }) => [reason, subject]),
    [
      ["ApprovalPending", "board"],
      ["MaintenanceWindowClosed", "cluster"],
    ],
  );
  assert.deepEqual([forecast?.outcome, forecast?.windows.fits], ["Held", false]);
});

test("a cluster that does not answer is asked again for a while; then the question fails, with the reason", async () => {
  await make();
  world.fake.unreachable = true;
  const id = await ask();
  assert.equal((await answered(id)).state, "Pending");
  const end = await world.round();
  assert.ok(end.kind === "Done" && end.lookAgainInMs <= 3_000);
  await world.sql("update assessment set requested_at = requested_at - interval '31 seconds'");
  const failed = await answered(id);
  assert.deepEqual([failed.state, failed.error?.code], ["Failed", "ClusterUnreachable"]);
  assert.match(failed.error?.message ?? "", /does not answer/);
});

test("a worker that ends loses nothing: the next one answers", async () => {
  await make();
  const id = await ask();
  await world.round("first", () => Promise.reject(new Error("the process ends")) as never).catch(() => undefined);
  await world.expireLease();
  await world.round("second");
  await world.assessed();
  assert.equal((await world.store.assessments.get(id))?.state, "Succeeded");
});

test("production's policy is what a cluster without one is asked under", async () => {
  await make({});
  const { forecast } = await report(await ask());
  assert.equal(forecast?.windows.longestNodeMs, 600_000 + 3 * productionPolicy.switchTimeoutMs + productionPolicy.nodeSoakMs);
});
