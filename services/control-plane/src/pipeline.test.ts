/** The front half over the wire: in which order it refuses, what every reply carries, how many requests it takes, and whose scripts may read it. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CLUSTER, CLUSTERS, GROUP, PROVIDER, VERSION, fast, put, registerClusters } from "./testing/bad-requests.ts";
import { assign, ids } from "./testing/test-cluster.ts";
import { startTestSurface, type Ask, type Reply, type TestSurface } from "./testing/test-surface.ts";

const ORIGIN = "https://portal.test";
const few = { size: 3, refillPerSecond: 1 };

let surface: TestSurface;
let slow: TestSurface;
before(async () => {
  surface = await startTestSurface({ corsOrigins: [ORIGIN] });
  slow = await startTestSurface({ throttle: { reads: few, writes: few, deletes: few } });
  await registerClusters(surface.store);
  await registerClusters(slow.store);
});
after(() => Promise.all([surface.close(), slow.close()]));

const foreign = { tid: ids.otherTenantId };
/** Each row has all the faults of the rows below it, too. */
const order: readonly (readonly [step: string, ask: Ask, code: string])[] = [
  ["media type", { ...put("/subscriptions/x/providers/y", "a", { "content-type": "text/plain" }), token: null }, "UnsupportedMediaType"],
  ["api-version", { path: "/subscriptions/x/providers/y/z", token: null }, "MissingApiVersionParameter"],
  ["token", { path: "/subscriptions/x/providers/y/z?api-version=1", token: null }, "AuthenticationFailed"],
  ["names", { path: "/subscriptions/x/providers/y/z?api-version=1", token: foreign }, "InvalidSubscriptionId"],
  ["subscription", { path: `${GROUP}x/providers/y/z?api-version=1`, token: foreign }, "SubscriptionNotFound"],
  ["resource group", { path: `${GROUP}x/providers/y/z?api-version=1` }, "ResourceGroupNotFound"],
  ["namespace", { path: `${GROUP}/providers/y/z?api-version=1` }, "InvalidResourceNamespace"],
  ["type", { path: `${GROUP}/${PROVIDER}/z?api-version=1` }, "InvalidResourceType"],
  ["version", { path: `${CLUSTERS}/nobody?api-version=1` }, "NoRegisteredProviderFound"],
  ["resource", { path: `${CLUSTERS}/nobody?${VERSION}` }, "ResourceNotFound"],
];
for (const [step, ask, code] of order)
  test(`in order: ${step} is refused as ${code}`, async () => assert.equal((await surface.ask(ask)).body.error.code, code));

test("every reply has the headers of ARM, refused or not", async () => {
  const asks: readonly Ask[] = [{ path: `${CLUSTER}?${VERSION}` }, ...order.map(([, ask]) => ask)];
  for (const ask of asks) {
    const { headers } = await surface.ask(ask);
    for (const name of ["x-ms-request-id", "x-ms-correlation-request-id", "x-ms-routing-request-id", "date", "strict-transport-security"])
      assert.ok(headers[name], name);
    assert.deepEqual([headers["cache-control"], headers["pragma"], headers["expires"]], ["no-cache", "no-cache", "-1"]);
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.match(String(headers["x-ms-routing-request-id"]), /^TEST:\d{8}T\d{6}Z:[0-9a-f-]{36}$/);
  }
});

const causes: readonly (readonly [ask: Ask, cause: string])[] = [
  [{ path: CLUSTER }, "gateway"],
  [{ path: `${CLUSTERS}/nobody?${VERSION}` }, "gateway"],
  [put(CLUSTER, "no JSON"), "gateway"],
  [put(CLUSTER, { location: "eastus" }), "service"],
  [put(CLUSTER, fast, { "if-match": "x" }), "service"],
];
for (const [ask, cause] of causes)
  test(`${ask.method ?? "GET"} ${ask.path.slice(-40)} is the fault of the ${cause}`, async () => {
    const { headers, body } = await surface.ask(ask);
    assert.deepEqual([headers["x-ms-failure-cause"], headers["x-ms-error-code"]], [cause, body.error.code]);
  });

test("what a client says about itself in Azure's own headers counts for nothing", async () => {
  const forged = {
    "x-ms-arm-resource-system-data": '{"createdBy":"forged","lastModifiedBy":"forged"}',
    "x-ms-client-principal-name": "forged",
    "x-ms-client-principal-id": "forged",
    "x-ms-client-tenant-id": ids.otherTenantId,
    "x-ms-client-object-id": "forged",
    "x-ms-client-app-id": "forged",
    "x-ms-home-tenant-id": ids.otherTenantId,
    "x-ms-client-ip-address": "203.0.113.9",
    referer: "https://forged.test/",
    "x-forwarded-host": "forged.test",
    host: "forged.test",
  };
  const reply = await surface.ask(put(CLUSTER, { ...fast, systemData: { createdBy: "forged" } }, forged));
  assert.equal(reply.status, 200, reply.text);
  assert.deepEqual([reply.body.systemData.createdBy, reply.body.systemData.lastModifiedBy], ["setup", ids.clientId]);
  const list = await surface.ask({ path: `${CLUSTERS}?${VERSION}&$top=1`, headers: forged });
  for (const url of [reply.headers["azure-asyncoperation"], list.body.nextLink])
    assert.ok(String(url).startsWith(surface.base), String(url));
  assert.doesNotMatch(JSON.stringify([reply.headers, reply.body, list.body]), /forged/);
});

const rates = ({ headers }: Reply): readonly (readonly [string, unknown])[] =>
  Object.entries(headers)
    .filter(([name]) => name.startsWith("x-ms-ratelimit"))
    .map(([name, value]) => [name.replace("x-ms-ratelimit-remaining-", ""), Number(value)] as const);

test("remaining requests are counted down by kind, for the principal and for all; one too many is 429 and reaches nothing", async () => {
  const asked = { path: `${CLUSTER}?${VERSION}` };
  assert.deepEqual(rates(await slow.ask(asked)), [
    ["subscription-reads", 2],
    ["subscription-global-reads", 44],
  ]);
  assert.deepEqual(rates(await slow.ask({ ...asked, method: "DELETE", path: `${CLUSTERS}/nobody?${VERSION}` })), [
    ["subscription-deletes", 2],
    ["subscription-global-deletes", 44],
  ]);
  assert.deepEqual(rates(await slow.ask({ path: "/subscriptions?api-version=2022-12-01" })), [
    ["tenant-reads", 2],
    ["tenant-global-reads", 44],
  ]);
  const replies: Reply[] = [];
  for (let n = 0; n < 6; n++) replies.push(await slow.ask(put(CLUSTER, { tags: { n: String(n) } })));
  const refused = replies.find(({ status }) => status === 429);
  assert.ok(refused, "nothing was refused");
  assert.deepEqual([refused.body.error.code, refused.headers["x-ms-failure-cause"]], ["TooManyRequests", "gateway"]);
  assert.ok(Number(refused.headers["retry-after"]) >= 1);
  assert.deepEqual(rates(refused)[0], ["subscription-writes", 0]);
  await assign(slow.store, { principalId: "somebody-else" });
  const cluster = await slow.ask({ ...asked, token: { oid: "somebody-else" } });
  assert.equal(replies[Number(cluster.body.tags.n)]?.status, 200);
});

test("scripts of the origins that are allowed may read what clients steer by; those of others may not", async () => {
  const origin = (value: string): Promise<Reply> => surface.ask({ path: `${CLUSTER}?${VERSION}`, headers: { origin: value } });
  const allowed = await origin(ORIGIN);
  assert.equal(allowed.headers["access-control-allow-origin"], ORIGIN);
  for (const name of ["Azure-AsyncOperation", "Location", "Retry-After", "ETag", "x-ms-request-id", "x-ms-error-code"])
    assert.ok(String(allowed.headers["access-control-expose-headers"]).includes(name), name);
  for (const other of ["https://evil.test", `${ORIGIN}.evil.test`, "null"])
    assert.notEqual((await origin(other)).headers["access-control-allow-origin"], other);
  assert.equal(allowed.headers["access-control-allow-credentials"], undefined);
  const preflight = { origin: ORIGIN, "access-control-request-method": "PUT", "access-control-request-headers": "authorization,if-match" };
  const answer = await surface.ask({ method: "OPTIONS", path: `${CLUSTER}?${VERSION}`, headers: preflight, token: null });
  assert.deepEqual([answer.status, answer.headers["access-control-allow-headers"]], [204, "authorization,if-match"]);
  assert.match(String(answer.headers["access-control-allow-methods"]), /PUT, PATCH/);
  const none = await slow.ask({ path: `${CLUSTER}?${VERSION}`, headers: { origin: ORIGIN }, token: { oid: "a-browser" } });
  assert.equal(none.headers["access-control-allow-origin"], undefined);
});
