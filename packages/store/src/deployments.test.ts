import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, beforeEach, test } from "node:test";
import { as, type DeploymentId, type DeploymentLease, type OperationId } from "@hostrouting/domain";
import type { StepProgress } from "./deployment-progress.ts";
import type { NewDeployment } from "./deployments.ts";
import { makeTestStore, type TestStore } from "./testing/test-store.ts";

const SUBSCRIPTION = "11111111-1111-1111-1111-111111111111";
const LONG_MS = 60_000;
const ERROR = { code: "DeploymentCanceled", message: "Canceled by a test." };

const idOf = (name: string): DeploymentId =>
  as<DeploymentId>(`/subscriptions/${SUBSCRIPTION}/resourcegroups/g/providers/microsoft.resources/deployments/${name}`);

function deployment(name: string, changes: Partial<NewDeployment> = {}): NewDeployment {
  return {
    id: idOf(name),
    subscriptionId: SUBSCRIPTION,
    resourceGroup: "G",
    name,
    runId: as<OperationId>(randomUUID()),
    mode: "Incremental",
    correlationId: "c",
    templateHash: "1",
    principal: { objectId: "o" },
    input: { z: 1, a: 2 },
    shown: { parameters: {} },
    hasSecrets: false,
    ...changes,
  };
}

function step(key: string, changes: Partial<StepProgress> = {}): StepProgress {
  const target = { id: `/x/${key}`, resourceType: "Microsoft.X/y", resourceName: key, apiVersion: "2026-04-01" };
  const open = { statusCode: undefined, error: undefined, followUrl: undefined };
  return { key, id: randomUUID(), kind: "Create", target, state: "Running", ...open, ...changes };
}

let it: TestStore;
before(async () => {
  it = await makeTestStore();
});
after(() => it.close());
beforeEach(() => it.sql("delete from deployment"));

const expire = (): Promise<void> => it.sql("update deployment set expires_at = clock_timestamp() - interval '1 second'");

async function accept(wanted: NewDeployment, holder = "a"): Promise<DeploymentLease> {
  const accepted = await it.store.deployments.accept(wanted, { name: holder, durationMs: LONG_MS });
  assert.ok(accepted !== "Active");
  return accepted.lease;
}

test("a run is kept as it was given, its members in their order", async () => {
  const wanted = deployment("one");
  await accept(wanted);
  const { state, outputs, error, startedAt: _startedAt, endedAt, ...kept } = (await it.store.deployments.get(wanted.id)) ?? {};
  assert.deepEqual(kept, wanted);
  assert.deepEqual(Object.keys(kept.input ?? {}), ["z", "a"]);
  assert.deepEqual([state, outputs, error, endedAt], ["Accepted", undefined, undefined, undefined]);
});

test("a name under way takes no second run; one that is over gives way, with all its steps", async () => {
  const first = deployment("one");
  const lease = await accept(first);
  await it.store.deployments.record(lease, { steps: [step("r")] });
  assert.equal(await it.store.deployments.accept(deployment("one"), { name: "b", durationMs: LONG_MS }), "Active");
  await it.store.deployments.record(lease, { end: { state: "Succeeded", outputs: {} } });
  const second = await it.store.deployments.accept(deployment("one"), { name: "b", durationMs: LONG_MS });
  assert.ok(second !== "Active" && !second.isNew && second.lease.token > lease.token);
  assert.deepEqual(await it.store.deployments.steps(first.runId), []);
});

test("of many that ask for one name at once, one gets it", async () => {
  const asked = Array.from({ length: 6 }, () => it.store.deployments.accept(deployment("one"), { name: "a", durationMs: LONG_MS }));
  const outcomes = await Promise.allSettled(asked);
  assert.equal(outcomes.filter((one) => one.status === "fulfilled" && one.value !== "Active").length, 1);
});

test("a run is nobody else's until its lease runs out; then the former holder's writes are refused", async () => {
  const { deployments } = it.store;
  const lease = await accept(deployment("one"));
  assert.deepEqual(await deployments.take("b", LONG_MS, 5), []);
  await expire();
  const [taken] = await deployments.take("b", LONG_MS, 5);
  assert.ok(taken && taken.token > lease.token && taken.runId === lease.runId);
  assert.equal(await deployments.record(lease, { steps: [step("late")] }), "Lost");
  assert.equal(await deployments.extend(lease, LONG_MS), false);
  assert.deepEqual(await deployments.steps(lease.runId), []);
  assert.equal(await deployments.record(taken, { steps: [step("r")] }), "Recorded");
});

test("of several that take what is free, each run goes to one", async () => {
  for (const name of ["one", "two", "three", "four"]) await accept(deployment(name));
  await expire();
  const taken = await Promise.all(["b", "c", "d"].map((holder) => it.store.deployments.take(holder, LONG_MS, 2)));
  const ids = taken.flat().map((lease) => lease.deploymentId);
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(taken.every((few) => few.length <= 2) && ids.length === 4);
});

test("a run that was given back is free at once", async () => {
  const lease = await accept(deployment("one"));
  await it.store.deployments.release(lease);
  assert.equal((await it.store.deployments.take("b", LONG_MS, 1)).length, 1);
});

test("steps move and keep when they began; what ended has a time", async () => {
  const { deployments } = it.store;
  const lease = await accept(deployment("one"));
  const running = step("r", { followUrl: "/poll" });
  await deployments.record(lease, { steps: [running, step("s")] });
  const [before] = await deployments.steps(lease.runId);
  await deployments.record(lease, { steps: [{ ...running, state: "Failed", statusCode: 409, error: ERROR }] });
  const [after] = await deployments.steps(lease.runId);
  assert.deepEqual(
    [before?.state, before?.endedAt, after?.state, after?.statusCode, after?.error],
    ["Running", undefined, "Failed", 409, ERROR],
  );
  assert.equal(after?.startedAt, before?.startedAt);
  assert.ok(after?.endedAt !== undefined);
  assert.equal((await deployments.get(lease.deploymentId))?.state, "Running");
});

test("an end is final: neither its holder nor anybody's SQL changes it, and nobody takes it", async () => {
  const { deployments } = it.store;
  const lease = await accept(deployment("one"));
  assert.equal(await deployments.record(lease, { end: { state: "Failed", error: ERROR } }), "Recorded");
  assert.equal(await deployments.record(lease, { end: { state: "Succeeded", outputs: {} } }), "Lost");
  assert.deepEqual(await deployments.take("b", LONG_MS, 5), []);
  await assert.rejects(() => it.sql("update deployment set state = 'Running', ended_at = null"), /never changes/);
  const ended = await deployments.get(lease.deploymentId);
  assert.deepEqual([ended?.state, ended?.error], ["Failed", ERROR]);
});

test("a cancel ends a run, its steps and the runs nested in it, and refuses the holder from then on", async () => {
  const { deployments } = it.store;
  const inner = await accept(deployment("inner"));
  const outer = await accept(deployment("outer"));
  const target = {
    id: idOf("INNER").replace("inner", "Inner"),
    resourceType: "Microsoft.Resources/deployments",
    resourceName: "inner",
    apiVersion: "v",
  };
  await deployments.record(inner, { steps: [step("r")] });
  await deployments.record(outer, { steps: [step("n", { target }), step("over", { state: "Succeeded" })] });
  assert.equal(await deployments.cancel(idOf("outer"), ERROR), "Canceled");
  assert.deepEqual(
    (await Promise.all(["inner", "outer"].map((name) => deployments.get(idOf(name))))).map((one) => one?.state),
    ["Canceled", "Canceled"],
  );
  assert.deepEqual((await deployments.steps(outer.runId)).map((one) => one.state).toSorted(), ["Canceled", "Succeeded"]);
  assert.deepEqual(
    (await deployments.steps(inner.runId)).map((one) => one.state),
    ["Canceled"],
  );
  assert.equal(await deployments.record(outer, { steps: [step("more")] }), "Lost");
  assert.equal(await deployments.cancel(idOf("outer"), ERROR), "Over");
  assert.equal(await deployments.cancel(idOf("nobody"), ERROR), "Absent");
});

test("what is under way is not forgotten, what is over is", async () => {
  const lease = await accept(deployment("one"));
  const { deployments } = it.store;
  assert.equal(await deployments.remove(lease.deploymentId), "Active");
  await deployments.cancel(lease.deploymentId, ERROR);
  assert.equal(await deployments.remove(lease.deploymentId), "Removed");
  assert.equal(await deployments.remove(lease.deploymentId), "Absent");
});

test("the history of a group has an end: the oldest that are over are forgotten, none that is under way", async () => {
  await it.sql(`insert into deployment (id, subscription_id, resource_group, resource_group_key, name, run_id, mode, state, correlation_id,
      template_hash, principal, input, shown, has_secrets, holder, token, expires_at, started_at, ended_at)
    select '${idOf("old")}' || n, '${SUBSCRIPTION}', 'G', 'g', 'old' || n, gen_random_uuid(), 'Incremental',
      case when n < 3 then 'Running' else 'Succeeded' end, 'c', '1', '{}', '{}', '{}', false, 'a', 1, clock_timestamp(),
      clock_timestamp() - (900 - n) * interval '1 minute', case when n < 3 then null else clock_timestamp() end
    from generate_series(1, 810) n`);
  await accept(deployment("new"));
  const kept = await it.store.deployments.list({ subscriptionId: SUBSCRIPTION, resourceGroup: "g", limit: 1000 });
  const numbers = kept.flatMap(({ name }) => (name === "new" ? [] : [Number(name.slice(3))])).toSorted((a, b) => a - b);
  assert.deepEqual([kept.length, numbers.slice(0, 4)], [802, [1, 2, 12, 13]]);
});

test("lists are of one group, in order, in pages", async () => {
  for (const name of ["c", "a", "b"]) await accept(deployment(name));
  const page = (after?: DeploymentId) =>
    it.store.deployments.list({ subscriptionId: SUBSCRIPTION, resourceGroup: "g", limit: 2, ...(after && { after }) });
  const first = await page();
  assert.deepEqual([first.map(({ name }) => name), (await page(first.at(-1)?.id)).map(({ name }) => name)], [["a", "b"], ["c"]]);
  assert.deepEqual(await it.store.deployments.list({ subscriptionId: SUBSCRIPTION, resourceGroup: "other", limit: 2 }), []);
});

test("a run ends also where its error quotes text that Postgres takes in no JSON", async () => {
  const wanted = deployment("one");
  const lease = await accept(wanted);
  const error = { code: "InvalidTemplate", message: "'\u0000' and '\ud800' and '\u{1f600}'" };
  assert.equal(
    await it.store.deployments.record(lease, { steps: [step("r", { state: "Failed", error })], end: { state: "Failed", error } }),
    "Recorded",
  );
  const kept = { ...error, message: "'\ufffd' and '\ufffd' and '\u{1f600}'" };
  assert.deepEqual((await it.store.deployments.get(wanted.id))?.error, kept);
  assert.deepEqual(
    (await it.store.deployments.steps(wanted.runId)).map((one) => one.error),
    [kept],
  );
});
