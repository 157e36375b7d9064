import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ids, makeCluster, moveOperation, register } from "./testing/test-cluster.ts";
import { startTestSurface, type Reply, type TestSurface } from "./testing/test-surface.ts";

const V = "api-version=2026-04-01";
const CLUSTER = `/subscriptions/${ids.subscriptionId}/resourceGroups/Lab/providers/Microsoft.ContainerService/managedClusters/one`;
const DEFAULT = `${CLUSTER}/hostRoutings/default`;
const cluster = makeCluster("one");

let surface: TestSurface;
before(async () => {
  surface = await startTestSurface();
  await register(surface.store, [cluster]);
});
after(() => surface.close());

const post = (verb: string, body?: unknown, type = "application/json"): Promise<Reply> =>
  surface.ask({
    method: "POST",
    path: `${DEFAULT}/${verb}?${V}`,
    ...(body !== undefined && { body }),
    ...(type !== "" && { headers: { "content-type": type } }),
  });
const begin = (): Promise<Reply> =>
  surface.ask({
    method: "PUT",
    path: `${CLUSTER}?${V}`,
    body: { properties: { networkProfile: { advancedNetworking: { enabled: true, performance: { accelerationMode: "BpfVeth" } } } } },
  });

/** Every verb with a body that is fine where it takes one. */
const verbs: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  ...{ pause: {}, resume: {}, cancel: {}, abort: {}, rollback: {}, upgrade: {}, retry: {} },
  skip: { node: "n1", reason: "gone" },
  approve: { gate: "board", comment: "fine" },
  reject: { gate: "board", comment: "no" },
  acknowledge: { connections: 3 },
};

for (const [verb, good] of Object.entries(verbs)) {
  test(`${verb}: where nothing is under way it is told so`, async () => {
    const refused = await post(verb, good);
    assert.deepEqual([refused.status, refused.body.error.code], [409, "OperationNotAllowed"]);
  });

  test(`${verb}: a member that it does not take is refused by name, with the others that are wrong`, async () => {
    const refused = await post(verb, { ...good, force: true });
    assert.deepEqual([refused.status, refused.body.error.code, refused.body.error.target], [400, "InvalidParameter", "force"]);
    for (const body of ["[]", '"now"', "7"]) assert.equal((await post(verb, body)).body.error.code, "InvalidRequestContent", body);
    const required = Object.keys(good);
    const empty = await post(verb, required.length === 0 ? { a: 1, b: 2 } : {});
    const targets = (empty.body.error.details ?? [empty.body.error]).map((one: { target: string }) => one.target);
    assert.deepEqual(targets, required.length === 0 ? ["a", "b"] : required);
  });
}

test("a verb that needs nothing takes every empty body that clients send", async () => {
  await begin();
  const forms: readonly (readonly [body: string | undefined, type: string])[] = [
    [undefined, ""],
    [undefined, "application/json; charset=utf-8"],
    ["", "application/json"],
    ["{}", "application/json"],
    ["null", "application/json"],
  ];
  for (const [body, type] of forms) {
    const reply = await post("pause", body, type);
    assert.deepEqual([reply.status, reply.body.properties?.provisioningState], [200, "Succeeded"], `${body} ${type}`);
  }
});

test("what the phase forbids is 409 with what is allowed instead", async () => {
  await begin();
  await moveOperation(surface.store, cluster.id, "Rolling");
  for (const verb of ["rollback", "acknowledge"]) {
    const refused = await post(verb, verbs[verb]);
    assert.equal(refused.status, 409, verb);
    assert.match(refused.body.error.message, /Allowed now: pause, cancel, retry, skip, approve, reject\./, verb);
  }
  assert.equal((await post("upgrade")).status, 409);
});

const NOT_CANCELED = { code: "OperationNotAllowed", message: "The operation ended as Succeeded before it could be canceled." };
for (const { phase, status, error, code } of [
  { phase: "Canceled", status: "Succeeded", error: undefined, code: 204 },
  { phase: "Succeeded", status: "Failed", error: NOT_CANCELED, code: 409 },
] as const)
  test(`abort is cancel for clients that follow it: it has ${status} when the operation is ${phase}`, async () => {
    await begin();
    const first = await post("abort");
    assert.deepEqual([first.status, first.text], [202, ""]);
    const [operation = "", result = ""] = ["azure-asyncoperation", "location"].map((name) =>
      String(first.headers[name]).slice(surface.base.length),
    );
    assert.equal((await surface.ask({ path: operation })).body.status, "InProgress");
    assert.equal((await surface.ask({ path: result })).status, 202);
    assert.equal((await post("cancel")).status, 202, "both ask for the same");
    await moveOperation(surface.store, cluster.id, phase);
    const ended = (await surface.ask({ path: operation })).body;
    assert.deepEqual([ended.status, ended.error, typeof ended.endTime], [status, error, "string"]);
    assert.equal((await surface.ask({ path: result })).status, code);
  });
