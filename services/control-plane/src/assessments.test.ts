import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { as, type AssessmentId, type AssessmentReport } from "@hostrouting/domain";
import { ids, makeCluster, moveOperation, register } from "./testing/test-cluster.ts";
import { startTestSurface, type Reply, type TestSurface } from "./testing/test-surface.ts";

const V = "api-version=2026-04-01";
const cluster = makeCluster("asked");
const CLUSTER = `/subscriptions/${ids.subscriptionId}/resourceGroups/Lab/providers/Microsoft.ContainerService/managedClusters/asked`;
const AT = "2026-04-01T00:00:00.000Z";

/** What a worker might answer. */
const report: AssessmentReport = {
  kind: "WhatIf",
  mode: "BpfVeth",
  driver: "bundle",
  observedAt: AT,
  nodeCount: 2,
  reportingNodes: 0,
  verdict: "Passed",
  rulesets: [{ ruleset: "ga-2026", isSelected: true, verdict: "Passed", blocking: [] }],
  rules: [
    {
      id: "PF-017",
      title: "T",
      severity: "Block",
      outcome: "Overridden",
      message: "M",
      subjects: ["node n1"],
      evidence: "E",
      remedy: "R",
      docs: "docs/preflight.md#pf-017",
      needsAgent: false,
      override: { reason: "ticket", expiresAt: AT },
    },
  ],
  forecast: {
    outcome: "Succeeded",
    batches: [{ name: "canaries", nodes: ["n1"], atOnce: 1, startsAfterMs: 3_000 }],
    leftOut: [{ node: "n2", reason: "The node is not Ready." }],
    duration: { bestMs: 60_000, worstMs: 120_000, mayTimeOut: false, endsAtEarliest: AT, assumptions: ["A"] },
    windows: { mode: "Honor", next: [{ start: AT, end: AT }], longestNodeMs: 930_000, fits: true },
    holds: [{ reason: "ApprovalPending", subject: "board", message: "M", remedy: "R", until: AT }],
    disruption: { nodes: 1, unknownNodes: 1 },
    blockedBudgets: { names: [], because: "No node is drained." },
    capacity: { agentCpuMilli: 20, agentMemoryBytes: 134_217_728, because: "No pod leaves its node." },
    changes: [
      { action: "Update", apiVersion: "v1", kind: "Node", names: ["n1"], content: { metadata: { labels: { a: "true", b: null } } } },
    ],
    usage: { nodes: 1, nodeHoursPerDay: 24 },
  },
};

let surface: TestSurface;
before(async () => {
  surface = await startTestSurface();
  await register(surface.store, [cluster]);
});
after(() => surface.close());

const post = (verb: string, body: unknown): Promise<Reply> =>
  surface.ask({ method: "POST", path: `${CLUSTER}/hostRoutings/default/${verb}?${V}`, body });
const follow = (reply: Reply, header: string, token: Readonly<Record<string, unknown>> = {}): Promise<Reply> =>
  surface.ask({ path: String(reply.headers[header]).slice(surface.base.length), token });
const open = async () => (await surface.store.rounds.read(cluster.id))?.questions ?? [];
const idOf = (reply: Reply): AssessmentId =>
  as<AssessmentId>(/operations\/([0-9a-f-]{36})/.exec(String(reply.headers["azure-asyncoperation"]))?.[1] ?? "");

test("a question is accepted, followed like an operation, and answered with the report and its price", async () => {
  const asked = await post("whatIf", { mode: "bpfveth", rolloutPolicy: { maxUnavailable: 1, batchPlan: null } });
  assert.deepEqual([asked.status, asked.text, asked.headers["retry-after"]], [202, "", "1"]);
  const [pending] = await open();
  assert.deepEqual([pending?.kind, pending?.mode, pending?.rolloutPolicy.maxUnavailable], ["WhatIf", "BpfVeth", 1]);
  const before = await follow(asked, "azure-asyncoperation");
  assert.deepEqual(
    [before.status, before.body.status, before.body.percentComplete, before.headers["retry-after"]],
    [200, "InProgress", 0, "1"],
  );
  const notYet = await follow(asked, "location");
  assert.deepEqual([notYet.status, notYet.text], [202, ""]);
  assert.match(String(notYet.headers["location"]), /\/operationresults\//);
  assert.equal(await surface.store.assessments.answer(idOf(asked), { state: "Succeeded", report }), true);
  const after = await follow(asked, "azure-asyncoperation");
  assert.deepEqual([after.body.status, after.body.percentComplete, after.headers["retry-after"]], ["Succeeded", 100, undefined]);
  const { status, body } = await follow(asked, "location");
  assert.equal(status, 200);
  const { costPerDay, ...usage } = body.forecast.usage as Record<string, unknown>;
  assert.deepEqual([costPerDay, usage], [{ amount: 86_400_000, currency: "USD" }, report.forecast?.usage]);
  assert.deepEqual({ ...body, forecast: { ...body.forecast, usage } }, report);
});

test("it is no operation of the cluster: asked while one is under way, and nothing of the cluster changes", async () => {
  const path = `${CLUSTER}?${V}`;
  const accelerated = { enabled: true, performance: { accelerationMode: "BpfVeth" } };
  const body = { location: cluster.location, properties: { networkProfile: { advancedNetworking: accelerated } } };
  assert.ok([200, 201].includes((await surface.ask({ method: "PUT", path, body })).status));
  const before = await surface.store.clusters.get(cluster.id);
  assert.ok(before?.activeOperationId);
  assert.equal((await post("validate", { mode: "None" })).status, 202);
  assert.deepEqual(await surface.store.clusters.get(cluster.id), before);
  await moveOperation(surface.store, cluster.id, "Succeeded");
});

test("a later question of its kind takes its place; whoever follows the first is told", async () => {
  const first = await post("validate", { mode: "BpfVeth" });
  await post("validate", { mode: "BpfVeth" });
  const status = await follow(first, "azure-asyncoperation");
  assert.deepEqual([status.body.status, status.body.error.code], ["Canceled", "Superseded"]);
  const result = await follow(first, "location");
  assert.deepEqual([result.status, result.body.error.code], [409, "Superseded"]);
});

test("a question that failed says why, by both ways", async () => {
  const asked = await post("validate", { mode: "BpfVeth" });
  const error = { code: "ClusterUnreachable", message: "The cluster could not be looked at." };
  await surface.store.assessments.answer(idOf(asked), { state: "Failed", error });
  const status = await follow(asked, "azure-asyncoperation");
  assert.deepEqual([status.body.status, status.body.error], ["Failed", error]);
  const result = await follow(asked, "location");
  assert.deepEqual([result.status, result.body.error.code], [409, "ClusterUnreachable"]);
});

test("to another tenant a question does not exist; of a cluster that is not there nothing is asked", async () => {
  const asked = await post("validate", { mode: "BpfVeth" });
  for (const header of ["azure-asyncoperation", "location"])
    assert.equal((await follow(asked, header, { tid: ids.otherTenantId })).status, 404);
  const path = `${CLUSTER.replace("/asked", "/nobody")}/hostRoutings/default/whatIf?${V}`;
  assert.equal((await surface.ask({ method: "POST", path, body: { mode: "None" } })).status, 404);
});

const BAD: readonly (readonly [what: string, body: unknown, code: string, targets: readonly string[]])[] = [
  ["no body", undefined, "InvalidRequestContent", []],
  ["a list", [], "InvalidRequestContent", []],
  ["no mode", {}, "InvalidParameter", ["mode"]],
  ["an unknown mode", { mode: "Fast" }, "InvalidParameter", ["mode"]],
  ["a mode that is no word", { mode: 1 }, "InvalidParameter", ["mode"]],
  ["an unknown member", { mode: "None", dryRun: true }, "InvalidParameter", ["dryRun"]],
  ["a policy that is no object", { mode: "None", rolloutPolicy: [] }, "InvalidParameter", ["rolloutPolicy"]],
  ["a policy out of bounds", { mode: "None", rolloutPolicy: { maxUnavailable: 0 } }, "InvalidParameter", ["rolloutPolicy.maxUnavailable"]],
  ["an unknown member of the policy", { mode: "None", rolloutPolicy: { speed: 1 } }, "InvalidParameter", ["rolloutPolicy.speed"]],
  [
    "several faults",
    { mode: "x", rolloutPolicy: { confirmSeconds: 0, batchPlan: ["200%"] }, more: 1 },
    "",
    ["mode", "rolloutPolicy.confirmSeconds", "rolloutPolicy.batchPlan[0]", "more"],
  ],
];
for (const [what, body, code, targets] of BAD)
  test(`refused, with the member's name: ${what}`, async () => {
    const before = await open();
    const { status, body: answer } = await post("whatIf", body);
    const { error } = answer as { error: { code: string; target?: string; details?: { target: string }[] } };
    assert.equal(status, 400);
    if (code !== "") assert.equal(error.code, code);
    assert.deepEqual(error.details?.map(({ target }) => target) ?? (error.target === undefined ? [] : [error.target]), targets);
    assert.equal((await open()).length, before.length);
  });

test("a question about a cluster that goes between the look at it and the write is told that there is none", async ({ mock }) => {
  mock.method(surface.store.clusters, "get", async () => makeCluster("gone"));
  const address = CLUSTER.replace(/asked$/, "gone");
  const reply = await surface.ask({ method: "POST", path: `${address}/hostRoutings/default/Validate?${V}`, body: { mode: "None" } });
  assert.deepEqual([reply.status, reply.body.error.code], [404, "ResourceNotFound"]);
});
