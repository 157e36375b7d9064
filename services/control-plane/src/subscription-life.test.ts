/** The life of subscriptions: what Resource Manager tells on the inner listener, and what it means for requests on the public one. */
import assert from "node:assert/strict";
import { request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import type { FastifyInstance } from "fastify";
import { buildInternalServer } from "./internal-server.ts";
import { CLUSTER, VERSION } from "./testing/bad-requests.ts";
import { ids, makeCluster, register } from "./testing/test-cluster.ts";
import { lookUntil } from "./testing/test-deployment.ts";
import { startTestSurface, type TestSurface } from "./testing/test-surface.ts";

let surface: TestSurface;
let internal: FastifyInstance;
before(async () => {
  surface = await startTestSurface();
  await register(surface.store, [makeCluster("one")]);
  const { ca, cert, key } = surface.certificate;
  internal = buildInternalServer(surface.deps, { cert: Buffer.from(cert), key: Buffer.from(key), clientCa: Buffer.from(ca) });
  await internal.listen({ port: 0, host: "127.0.0.1" });
});
after(async () => {
  await internal.close();
  await surface.close();
});

type Answer = { readonly status: number; readonly code: string | undefined; readonly text: string };

/** Tells a piece of news, with a certificate of the authority or without. */
function tell(id: string, body: unknown, { version = "2.0", isKnown = true } = {}): Promise<Answer> {
  const { ca, cert, key } = surface.certificate;
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        host: "127.0.0.1",
        servername: "localhost",
        port: (internal.server.address() as AddressInfo).port,
        method: "PUT",
        path: `/subscriptions/${id}?api-version=${version}`,
        headers: { "content-type": "application/json" },
        agent: false,
        ca,
        ...(isKnown && { cert, key }),
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, code: JSON.parse(text).error?.code, text }));
      },
    );
    request.on("error", reject).end(typeof body === "string" ? body : JSON.stringify(body));
  });
}

const DAY_MS = 86_400_000;
let day = 0;
/** News that is later than all before. */
const news = (state: string, more: object = {}) => ({
  state,
  registrationDate: new Date(Date.UTC(2026, 0, 1) + DAY_MS * day++).toUTCString(),
  properties: { tenantId: ids.tenantId, registeredFeatures: [] },
  ...more,
});

async function statusOf(method: string, path = `${CLUSTER}?${VERSION}`): Promise<readonly [number, string | undefined]> {
  const reply = await surface.ask({ method, path, ...(method === "PUT" && { body: { tags: {} } }) });
  return [reply.status, reply.body.error?.code];
}

const GROUP = `/subscriptions/${ids.subscriptionId}/resourceGroups/nowhere?api-version=2024-11-01`;
const states: readonly (readonly [state: string, get: string, put: string, remove: string])[] = [
  ["Warned", "200", "409 InvalidSubscriptionState", "404 ResourceGroupNotFound"],
  ["Suspended", "200", "409 InvalidSubscriptionState", "404 ResourceGroupNotFound"],
  ["Unregistered", "200", "409 InvalidSubscriptionState", "409 InvalidSubscriptionState"],
  ["Registered", "200", "200", "404 ResourceGroupNotFound"],
];
for (const [state, get, put, remove] of states)
  test(`${state}: GET ${get}, PUT ${put}, DELETE of something that is not there ${remove}`, async () => {
    const told = news(state);
    const answer = await tell(ids.subscriptionId.toUpperCase(), told);
    assert.deepEqual([answer.status, JSON.parse(answer.text)], [200, told]);
    const found = [await statusOf("GET"), await statusOf("PUT"), await statusOf("DELETE", GROUP)];
    assert.deepEqual(
      found.map(([status, code]) => (code === undefined ? String(status) : `${status} ${code}`)),
      [get, put, remove],
    );
  });

test("told twice it is the same; what is older than what is known is acknowledged and changes nothing", async () => {
  const older = news("Deleted");
  const later = news("Registered");
  for (const told of [later, later, older]) assert.equal((await tell(ids.subscriptionId, told)).status, 200);
  assert.deepEqual(await statusOf("GET"), [200, undefined]);
});

test("a set-up that registers the subscription at each start does not undo what was told", async () => {
  assert.equal((await tell(ids.subscriptionId, news("Suspended"))).status, 200);
  await register(surface.store, []);
  assert.deepEqual(await statusOf("PUT"), [409, "InvalidSubscriptionState"]);
  assert.equal((await surface.store.directory.subscription(ids.subscriptionId))?.displayName, "Tests");
});

test("of many that are told at once, the latest holds", async () => {
  const all = ["Unregistered", "Suspended", "Warned", "Unregistered", "Registered"].map((state) => news(state));
  const answers = await Promise.all(all.toReversed().map((told) => tell(ids.subscriptionId, told)));
  assert.ok(answers.every(({ status }) => status === 200));
  assert.deepEqual(await statusOf("PUT"), [200, undefined]);
});

test("a subscription that is new is one of its tenant, and deleted ones are not listed", async () => {
  const id = "77777777-7777-4777-8777-777777777777";
  const listed = async (): Promise<boolean> =>
    (await surface.store.directory.subscriptionsOf(ids.tenantId)).some((subscription) => subscription.id === id);
  assert.equal((await tell(id, news("Registered", { properties: {} }))).code, "InvalidRequestContent");
  assert.equal((await tell(id, news("Registered"))).status, 200);
  assert.equal(await listed(), true);
  assert.equal((await tell(id, news("Deleted", { properties: null }))).status, 200);
  assert.equal(await listed(), false);
});

const refused: readonly (readonly [name: string, id: string, body: unknown, code: string, version?: string])[] = [
  ["no GUID", "mine", news("Registered"), "InvalidSubscriptionId"],
  ["an unknown state", ids.subscriptionId, news("Happy"), "InvalidRequestContent"],
  ["no date", ids.subscriptionId, news("Registered", { registrationDate: "soon" }), "InvalidRequestContent"],
  ["a tenant that is no GUID", ids.subscriptionId, news("Registered", { properties: { tenantId: "t" } }), "InvalidRequestContent"],
  ["all of it", ids.subscriptionId, {}, "MultipleErrorsOccurred"],
  ["an array", ids.subscriptionId, [], "InvalidRequestContent"],
  ["no JSON", ids.subscriptionId, "{", "InvalidRequestContent"],
  ["another version", ids.subscriptionId, news("Registered"), "InvalidApiVersionParameter", "2022-12-01"],
  ["no version", ids.subscriptionId, news("Registered"), "MissingApiVersionParameter", ""],
];
for (const [name, id, body, code, version] of refused)
  test(`refused: ${name}`, async () => {
    const answer = await tell(id, body, version === undefined ? {} : { version });
    assert.deepEqual([answer.status, answer.code], [400, code]);
  });

test("who has no certificate is not let in; the public listener knows nothing of it", async () => {
  await assert.rejects(tell(ids.subscriptionId, news("Deleted"), { isKnown: false }));
  const reply = await surface.ask({
    method: "PUT",
    path: `/subscriptions/${ids.subscriptionId}?api-version=2022-12-01`,
    body: news("Deleted"),
  });
  assert.deepEqual([reply.status, reply.body.error.code], [405, "MethodNotAllowed"]);
  assert.deepEqual(await statusOf("GET"), [200, undefined]);
});

test("Deleted: nothing is found any more, and what was there goes", async () => {
  assert.equal((await tell(ids.subscriptionId, news("Deleted"))).status, 200);
  for (const found of [await statusOf("GET"), await statusOf("PUT"), await statusOf("DELETE", GROUP)])
    assert.deepEqual(found, [404, "SubscriptionNotFound"]);
  const going = await lookUntil(
    () => surface.store.clusters.get(makeCluster("one").id),
    (cluster) => cluster?.provisioningState !== "Succeeded",
  );
  assert.equal(going?.provisioningState, "Deleting");
});
