import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { as, type FencingToken, type HostRoutingStatus, type Instant, type OperationControl } from "@hostrouting/domain";
import { ids, makeCluster, moveOperation, register } from "./testing/test-cluster.ts";
import { startTestSurface, type Reply, type TestSurface } from "./testing/test-surface.ts";

const V = "api-version=2026-04-01";
const cluster = makeCluster("one");
const CLUSTER = `/subscriptions/${ids.subscriptionId}/resourceGroups/Lab/providers/Microsoft.ContainerService/managedClusters/one`;
const DEFAULT = `${CLUSTER}/hostRoutings/default`;
const AT = as<Instant>(Date.UTC(2026, 3, 1));
const AT_ISO = "2026-04-01T00:00:00.000Z";

/** What a worker might have recorded half-way. */
const seen: HostRoutingStatus = {
  effectiveMode: "Mixed",
  state: "Enabling",
  health: "Healthy",
  conditions: [{ type: "Progressing", status: "True", reason: "Rolling", message: "1 of 2", lastTransitionTime: AT_ISO }],
  nodeCounts: { total: 2, enabled: 1 },
  waits: [{ reason: "Draining", subject: "n2", since: AT, until: undefined, message: "Evicting 3 pods", remedy: "Wait" }],
  warnings: [
    { id: "PF-058", title: "Nodes are skipped", message: "n3 is cordoned.", remedy: "Uncordon it.", subjects: ["n3"] },
    { id: "PF-017", title: "T", message: "M", remedy: "R", subjects: ["node n1"], override: { reason: "old", expiresAt: AT_ISO } },
  ],
  analysis: {
    nodes: [
      {
        name: "n1",
        state: "Running",
        comparedTo: "Control",
        since: AT,
        metrics: [{ name: "report", outcome: "Successful", measurements: 1, failed: 0, inconclusive: 0, errors: 0, message: "" }],
        notMeasured: [],
      },
    ],
    benefit: [{ name: "softirq-share", unit: "share", verdict: "NotEnoughSamples", switchedSamples: 1, comparedSamples: 1 }],
  },
  nodes: [
    {
      name: "n2",
      pool: "user",
      phase: "Draining",
      effectiveMode: "Legacy",
      reason: "Observing",
      fastShare: undefined,
      stackReasons: [],
      refusedDevices: 0,
      refusals: [],
      rules: undefined,
      observedAt: undefined,
    },
    {
      name: "n1",
      pool: "user",
      phase: "Enabled",
      effectiveMode: "BpfVeth",
      reason: "Switched",
      fastShare: 0.97,
      stackReasons: [{ reason: "Service", packets: 3 }],
      refusedDevices: 2,
      refusals: [{ device: "veth3", reason: "OptOut", pod: "shop/cart" }],
      rules: { state: "Dirty", digest: "0123456789abcdef", findings: 1 },
      observedAt: AT_ISO,
    },
  ],
  findings: [
    {
      class: "Bypassed",
      reason: "it drops packets",
      backend: "iptables-nft",
      family: "ip",
      table: "filter",
      chain: "FORWARD",
      rule: "-A FORWARD -j DROP",
      owner: undefined,
      remedy: "Take it away.",
      removal: "iptables-nft -t filter -D FORWARD -j DROP",
      nodes: [{ name: "n1", changedBy: "iptables-nft (process 7)" }],
      nodeCount: 1,
    },
  ],
};

let surface: TestSurface;
before(async () => {
  surface = await startTestSurface();
  await register(surface.store, [cluster]);
});
after(() => surface.close());
const get = (path: string): Promise<Reply> => surface.ask({ path: `${path}?${V}` });
const put = (mode: string): Promise<Reply> =>
  surface.ask({
    method: "PUT",
    path: `${CLUSTER}?${V}`,
    body: { properties: { networkProfile: { advancedNetworking: { enabled: true, performance: { accelerationMode: mode } } } } },
  });
const cancel = (): Promise<Reply> =>
  surface.ask({ method: "POST", path: `${DEFAULT}/cancel?${V}`, headers: { "content-type": "application/json" } });

test("before anybody has looked, unknown is shown as unknown", async () => {
  const { status, body } = await get(DEFAULT);
  assert.equal(status, 200);
  assert.deepEqual(
    [body.properties.desiredMode, body.properties.effectiveMode, body.properties.state, body.properties.health],
    ["None", "Unknown", "Unknown", "Unknown"],
  );
  assert.deepEqual([body.properties.waits, body.properties.warnings, body.properties.operation], [[], [], undefined]);
  assert.deepEqual((await get(`${DEFAULT}/nodes`)).body, { value: [] });
  assert.deepEqual((await get(`${DEFAULT}/findings`)).body, { value: [] });
});

test("with nothing under way there is nothing to cancel", async () => {
  const { status, body } = await cancel();
  assert.deepEqual([status, body.error.code], [409, "OperationNotAllowed"]);
});

test("shows what the worker recorded, and the operation", async () => {
  const accepted = await put("BpfVeth");
  await moveOperation(surface.store, cluster.id, { phase: "Validating", percentComplete: 5 });
  const lease = await surface.store.leases.acquire(cluster.id, "test", 10_000);
  const operation = (await surface.store.rounds.read(cluster.id))?.operation;
  await surface.store.rounds.record(cluster.id, lease?.token ?? as<FencingToken>(0), {
    ...(operation && { operation }),
    nodes: [],
    status: seen,
    lookAgainInMs: 10_000,
    history: [],
  });
  const { properties, id, name, type } = (await get(DEFAULT)).body;
  assert.deepEqual([id, name, type], [DEFAULT, "default", "Microsoft.ContainerService/managedClusters/hostRoutings"]);
  assert.deepEqual(
    [properties.desiredMode, properties.effectiveMode, properties.driver, properties.nodeCounts],
    ["BpfVeth", "Mixed", "bundle", { total: 2, enabled: 1 }],
  );
  assert.deepEqual(properties.warnings, seen.warnings);
  assert.deepEqual(properties.analysis.benefit, seen.analysis?.benefit);
  assert.deepEqual(
    properties.analysis.nodes,
    seen.analysis?.nodes.map((node) => ({ ...node, since: AT_ISO })),
  );
  assert.deepEqual(properties.waits, [{ reason: "Draining", subject: "n2", message: "Evicting 3 pods", remedy: "Wait", since: AT_ISO }]);
  assert.deepEqual(
    [properties.operation.kind, properties.operation.phase, properties.operation.percentComplete],
    ["EnableHostRouting", "Validating", 5],
  );
  assert.ok(String(accepted.headers["azure-asyncoperation"]).includes(properties.operation.id));
  assert.equal(properties.rolloutPolicy.nodeAction, "SwitchInPlace");
  const nodes = (await get(`${DEFAULT}/nodes`)).body.value;
  assert.deepEqual(
    nodes.map((node: { name: string }) => node.name),
    ["n1", "n2"],
  );
  assert.deepEqual(nodes[0].properties, {
    pool: "user",
    phase: "Enabled",
    effectiveMode: "BpfVeth",
    reason: "Switched",
    fastShare: 0.97,
    stackReasons: [{ reason: "Service", packets: 3 }],
    refusedDevices: 2,
    refusals: [{ device: "veth3", reason: "OptOut", pod: "shop/cart" }],
    rules: { state: "Dirty", digest: "0123456789abcdef", findings: 1 },
    observedAt: AT_ISO,
  });
  const { owner: _absent, ...finding } = seen.findings[0] ?? { owner: "" };
  assert.deepEqual((await get(`${DEFAULT}/findings`)).body, { value: [finding] });
  assert.deepEqual(
    (await get(`${CLUSTER}/hostRoutings`)).body.value.map((one: { id: string }) => one.id),
    [DEFAULT],
  );
});

test("pause and resume answer what is now; twice is once, and where it makes no sense it is told what is allowed", async () => {
  const ask = (verb: string): Promise<Reply> => surface.ask({ method: "POST", path: `${DEFAULT}/${verb}?${V}` });
  const control = async (): Promise<unknown> => (await surface.store.rounds.read(cluster.id))?.operation?.control;
  const refused = await ask("resume");
  assert.deepEqual([refused.status, refused.body.error.code], [409, "OperationNotAllowed"]);
  assert.match(refused.body.error.message, /Allowed now: pause, cancel, skip, approve, reject\.$/);
  for (const _ of [1, 2]) {
    const paused = await ask("pause");
    assert.deepEqual([paused.status, paused.body.properties.operation.phase], [200, "Validating"]);
    assert.deepEqual(Object.keys((await control()) as object), ["pause"]);
  }
  await moveOperation(surface.store, cluster.id, "Paused");
  assert.equal((await ask("resume")).status, 200);
  assert.deepEqual(await control(), {});
  assert.equal((await ask("resume")).status, 200, "as long as the worker has not looked it is asked for already");
  await moveOperation(surface.store, cluster.id, "Rolling");
  const post = (verb: string, body?: unknown): Promise<Reply> =>
    surface.ask({ method: "POST", path: `${DEFAULT}/${verb}?${V}`, ...(body === undefined ? {} : { body }) });
  assert.deepEqual([(await post("retry")).status, await control()], [200, {}], "nothing failed, so nothing is asked for");
  const unknown = await post("skip", { node: "n9", reason: "gone" });
  assert.deepEqual([unknown.status, unknown.body.error.code], [404, "NodeNotFound"]);
  assert.equal((await post("skip", { node: "n9" })).body.error.target, "reason");
  const early = await post("approve", { gate: "board", comment: "fine" });
  assert.deepEqual([early.status, early.body.error.code], [409, "OperationNotAllowed"]);
  await moveOperation(surface.store, cluster.id, {
    control: { pending: { gate: "board", kind: "Approval", since: AT, twoPersons: false } },
  });
  assert.equal((await post("approve", { gate: "board" })).body.error.target, "comment");
  assert.equal((await post("approve", { gate: "board", comment: "fine" })).status, 200);
  assert.equal((await post("approve", { gate: "board", comment: "fine" })).status, 200, "approved twice is approved once");
  assert.deepEqual(
    ((await control()) as OperationControl).approvals?.map(({ gate, comment }) => [gate, comment]),
    [["board", "fine"]],
  );
  assert.equal((await post("reject", { gate: "board", comment: "no" })).status, 409, "it is open already");
  assert.equal((await surface.ask({ method: "POST", path: `${DEFAULT}/pause?${V}`, token: { tid: ids.otherTenantId } })).status, 404);
});

test("cancel: 202 with both addresses, twice the same; the result is 202 until it is canceled, then 204", async () => {
  const first = await cancel();
  assert.deepEqual([first.status, first.text, first.headers["retry-after"]], [202, "", "1"]);
  assert.equal((await cancel()).headers["azure-asyncoperation"], first.headers["azure-asyncoperation"]);
  const result = String(first.headers["location"]).slice(surface.base.length);
  const pending = await surface.ask({ path: result });
  assert.deepEqual([pending.status, pending.text, pending.headers["content-type"]], [202, "", undefined]);
  assert.equal((await surface.store.rounds.read(cluster.id))?.operation?.cancelRequested, true);
  await moveOperation(surface.store, cluster.id, "Canceled");
  assert.equal((await surface.ask({ path: result })).status, 204);
  const operation = await surface.ask({ path: String(first.headers["azure-asyncoperation"]).slice(surface.base.length) });
  assert.deepEqual([operation.body.status, operation.body.error.code], ["Canceled", "OperationCanceled"]);
  assert.equal((await get(CLUSTER)).body.properties.provisioningState, "Canceled");
});

test("a cancel that comes too late is told so", async () => {
  await put("BpfVeth");
  const accepted = await cancel();
  await moveOperation(surface.store, cluster.id, "Succeeded");
  const result = await surface.ask({ path: String(accepted.headers["location"]).slice(surface.base.length) });
  assert.deepEqual([result.status, result.body.error.code], [409, "OperationNotAllowed"]);
});

test("rollback: 202 with the operation that takes back, twice the same; where nothing can be taken back it is told", async () => {
  const rollback = (): Promise<Reply> => surface.ask({ method: "POST", path: `${DEFAULT}/rollback?${V}` });
  const settled = await rollback();
  assert.deepEqual([settled.status, settled.body.error.code], [409, "OperationNotAllowed"]);
  await put("None");
  await moveOperation(surface.store, cluster.id, "Succeeded");
  await put("BpfVeth");
  await moveOperation(surface.store, cluster.id, { phase: "Failed", error: { code: "NodeSwitchFailed", message: "one node failed" } });
  const first = await rollback();
  assert.deepEqual([first.status, first.text], [202, ""]);
  assert.equal((await rollback()).headers["azure-asyncoperation"], first.headers["azure-asyncoperation"]);
  const { properties } = (await get(DEFAULT)).body;
  assert.deepEqual(
    [properties.desiredMode, properties.operation.kind, properties.operation.phase],
    ["None", "RollbackHostRouting", "Accepted"],
  );
  assert.equal((await get(CLUSTER)).body.properties.networkProfile.advancedNetworking.performance.accelerationMode, "None");
  await moveOperation(surface.store, cluster.id, "Succeeded");
  const status = await surface.ask({ path: String(first.headers["azure-asyncoperation"]).slice(surface.base.length) });
  assert.deepEqual([status.status, status.body.status], [200, "Succeeded"]);
});

test("PATCH changes the members that are given; null is the default again; faults change nothing and are all told", async () => {
  const patch = (rolloutPolicy: unknown): Promise<Reply> =>
    surface.ask({ method: "PATCH", path: `${DEFAULT}?${V}`, body: { properties: { rolloutPolicy } } });
  const changed = await patch({ nodeAction: "DrainAndSwitch", confirmSeconds: 30 });
  assert.deepEqual([changed.status, changed.body.properties.rolloutPolicy.nodeAction], [200, "DrainAndSwitch"]);
  assert.equal((await get(DEFAULT)).body.properties.rolloutPolicy.confirmSeconds, 30);

  const refused = await patch({ nodeAction: "Hope", maxUnavailable: 0, verifyCount: 3 });
  assert.deepEqual([refused.status, refused.body.error.code], [400, "MultipleErrorsOccurred"]);
  assert.deepEqual(
    refused.body.error.details.map((detail: { target: string }) => detail.target),
    ["properties.rolloutPolicy.nodeAction", "properties.rolloutPolicy.maxUnavailable"],
  );
  assert.equal((await patch("DrainAndSwitch")).body.error.target, "properties.rolloutPolicy");

  const back = await patch({ nodeAction: null });
  const { nodeAction, confirmSeconds, verifyCount } = back.body.properties.rolloutPolicy;
  assert.deepEqual([nodeAction, confirmSeconds, verifyCount], ["SwitchInPlace", 30, 2]);
});

test("PATCH sets overrides of preflight rules with reason and end; each fault is told by its place", async () => {
  const DAY_MS = 86_400_000;
  const patch = (preflightOverrides: unknown): Promise<Reply> =>
    surface.ask({ method: "PATCH", path: `${DEFAULT}?${V}`, body: { properties: { rolloutPolicy: { preflightOverrides } } } });
  const inDays = (days: number): string => new Date(Date.now() + days * DAY_MS).toISOString();
  const good = { ruleId: "PF-017", reason: "the machine's kernel lets nobody refuse rules", expiresAt: inDays(89) };
  assert.deepEqual((await get(DEFAULT)).body.properties.rolloutPolicy.preflightOverrides, []);
  assert.equal((await patch([good])).status, 200);
  assert.deepEqual((await get(DEFAULT)).body.properties.rolloutPolicy.preflightOverrides, [good]);

  const refused = await patch([
    { ...good, reason: "" },
    { ...good, ruleId: "PF-006" },
    { ruleId: "PF-017", reason: "r", expiresAt: inDays(-1) },
    { ...good, expiresAt: inDays(91) },
  ]);
  assert.deepEqual([refused.status, refused.body.error.code], [400, "MultipleErrorsOccurred"]);
  assert.deepEqual(
    refused.body.error.details.map((detail: { target: string }) => detail.target),
    ["[0].reason", "[1].ruleId", "[2].expiresAt", "[3].expiresAt", "[2].ruleId", "[3].ruleId"].map(
      (at) => `properties.rolloutPolicy.preflightOverrides${at}`,
    ),
  );
  assert.equal((await patch("PF-017")).body.error.target, "properties.rolloutPolicy.preflightOverrides");
  assert.deepEqual((await get(DEFAULT)).body.properties.rolloutPolicy.preflightOverrides, [good]);
  assert.deepEqual((await patch(null)).body.properties.rolloutPolicy.preflightOverrides, []);
});

test("acknowledge: what was seen counts, unless there are more by now", async () => {
  const acknowledge = (connections: unknown): Promise<Reply> =>
    surface.ask({ method: "POST", path: `${DEFAULT}/acknowledge?${V}`, body: { connections } });
  await put("BpfVeth");
  await moveOperation(surface.store, cluster.id, "Preparing");
  assert.equal((await acknowledge(12)).status, 409, "nobody asks");
  const disruption = { nodes: 2, unknownNodes: 1, expectedAtMost: 12, measuredNodes: 0, reset: 0, timeout: 0 };
  const asking = { reason: "DisruptionNotAcknowledged" as const, subject: "cluster", since: AT, until: undefined, message: "", remedy: "" };
  const lease = await surface.store.leases.acquire(cluster.id, "test", 10_000);
  const operation = (await surface.store.rounds.read(cluster.id))?.operation;
  const record = { nodes: [], status: { ...seen, waits: [asking], disruption }, lookAgainInMs: 10_000, history: [] };
  await surface.store.rounds.record(cluster.id, lease?.token ?? as<FencingToken>(0), { ...(operation && { operation }), ...record });
  assert.deepEqual((await get(DEFAULT)).body.properties.disruption, disruption);
  assert.equal((await acknowledge("12")).body.error.target, "connections");
  const grown = await acknowledge(11);
  assert.deepEqual([grown.status, grown.body.error.code], [409, "DisruptionNotAcknowledged"]);
  assert.equal((await acknowledge(12)).status, 200);
  assert.equal((await acknowledge(12)).status, 200, "twice is once");
  assert.equal((await surface.store.rounds.read(cluster.id))?.operation?.control.acknowledged?.connections, 12);
});

test("to another tenant none of it exists", async () => {
  for (const path of [DEFAULT, `${DEFAULT}/nodes`, `${DEFAULT}/findings`, `${CLUSTER}/hostRoutings`])
    assert.equal((await surface.ask({ path: `${path}?${V}`, token: { tid: ids.otherTenantId } })).status, 404, path);
  const post = await surface.ask({ method: "POST", path: `${DEFAULT}/cancel?${V}`, token: { tid: ids.otherTenantId } });
  assert.equal(post.status, 404);
});
