/** Addresses, versions, tokens and methods that are wrong: the request, the status, the ARM code. */
import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { connect } from "node:tls";
import { after, before, test } from "node:test";
import { generateKeyPair, SignJWT } from "jose";
import {
  CLUSTER,
  CLUSTERS,
  GROUP,
  PROVIDER,
  VERSION,
  checkRefusal,
  checkUntouched,
  fast,
  put,
  registerClusters,
  type Refusal,
} from "./testing/bad-requests.ts";
import { ids } from "./testing/test-cluster.ts";
import { startTestSurface, type TestSurface } from "./testing/test-surface.ts";

let surface: TestSurface;
before(async () => {
  surface = await startTestSurface();
  await registerClusters(surface.store);
});
after(() => surface.close());

const refusals: readonly Refusal[] = [
  { name: "no api-version", ask: { path: CLUSTER }, status: 400, code: "MissingApiVersionParameter" },
  { name: "no api-version, not even a token", ask: { path: "/anything", token: null }, status: 400, code: "MissingApiVersionParameter" },
  { name: "an empty api-version", ask: { path: `${CLUSTER}?api-version=` }, status: 400, code: "MissingApiVersionParameter" },
  { name: "api-version latest", ask: { path: `${CLUSTER}?api-version=latest` }, status: 400, code: "NoRegisteredProviderFound" },
  {
    name: "api-version of another age",
    ask: { path: `${CLUSTER}?api-version=1999-01-01` },
    status: 400,
    code: "NoRegisteredProviderFound",
  },
  {
    name: "api-version abc on /subscriptions",
    ask: { path: "/subscriptions?api-version=abc" },
    status: 400,
    code: "InvalidApiVersionParameter",
  },
  { name: "no token", ask: { path: `${CLUSTER}?${VERSION}`, token: null }, status: 401, code: "AuthenticationFailed" },
  {
    name: "another scheme",
    ask: { path: `${CLUSTER}?${VERSION}`, token: null, headers: { authorization: "Basic eDp5" } },
    status: 401,
    code: "AuthenticationFailed",
  },
  {
    name: "no JWT at all",
    ask: { path: `${CLUSTER}?${VERSION}`, token: null, headers: { authorization: "Bearer abc" } },
    status: 401,
    code: "InvalidAuthenticationToken",
  },
  {
    name: "another audience",
    ask: { path: `${CLUSTER}?${VERSION}`, token: { aud: "https://graph.test" } },
    status: 401,
    code: "InvalidAuthenticationTokenAudience",
  },
  {
    name: "another issuer",
    ask: { path: `${CLUSTER}?${VERSION}`, token: { iss: "https://elsewhere.test/" } },
    status: 401,
    code: "InvalidAuthenticationTokenTenant",
  },
  {
    name: "an expired token",
    ask: { path: `${CLUSTER}?${VERSION}`, token: { exp: 1_700_000_000 } },
    status: 401,
    code: "ExpiredAuthenticationToken",
  },
  {
    name: "a token for later",
    ask: { path: `${CLUSTER}?${VERSION}`, token: { nbf: 9_999_999_999 } },
    status: 401,
    code: "InvalidAuthenticationToken",
  },
  {
    name: "a token of nobody",
    ask: { path: `${CLUSTER}?${VERSION}`, token: { tid: "" } },
    status: 401,
    code: "InvalidAuthenticationToken",
  },
  {
    name: "a foreign tenant",
    ask: { path: `${CLUSTER}?${VERSION}`, token: { tid: ids.otherTenantId } },
    status: 404,
    code: "SubscriptionNotFound",
  },
  {
    name: "a subscription that is no GUID",
    ask: { path: `/subscriptions/mine/${PROVIDER}/managedClusters?${VERSION}` },
    status: 400,
    code: "InvalidSubscriptionId",
  },
  { name: "an unknown subscription", ask: put(CLUSTER.replace(/3333/, "9999"), fast), status: 404, code: "SubscriptionNotFound" },
  { name: "an unknown group", ask: put(CLUSTER.replace("/Lab/", "/nowhere/"), fast), status: 404, code: "ResourceGroupNotFound" },
  {
    name: "a group name that cannot be",
    ask: { path: `${CLUSTER.replace("/Lab/", "/lab./")}?${VERSION}` },
    status: 400,
    code: "InvalidResourceGroup",
  },
  {
    name: "an unknown type",
    ask: { path: `${GROUP}/${PROVIDER}/managedClusterz/one?${VERSION}` },
    status: 404,
    code: "InvalidResourceType",
  },
  {
    name: "an unknown namespace",
    ask: { path: `${GROUP}/providers/Microsoft.Nothing/things/one?${VERSION}` },
    status: 404,
    code: "InvalidResourceNamespace",
  },
  { name: "an unknown cluster", ask: { path: `${CLUSTERS}/nobody?${VERSION}` }, status: 404, code: "ResourceNotFound" },
  {
    name: "hostRoutings of an unknown cluster",
    ask: { path: `${CLUSTERS}/nobody/hostRoutings/default?${VERSION}` },
    status: 404,
    code: "ResourceNotFound",
  },
  {
    name: "hostRoutings of another name",
    ask: { path: `${CLUSTER}/hostRoutings/other?${VERSION}` },
    status: 404,
    code: "ResourceNotFound",
  },
  { name: "a name that begins with a dash", ask: put(`${CLUSTERS}/-x`, fast), status: 400, code: "InvalidResourceName" },
  { name: "a name of 64 characters", ask: put(`${CLUSTERS}/${"a".repeat(64)}`, fast), status: 400, code: "InvalidResourceName" },
  { name: "a name with an escaped slash", ask: put(`${CLUSTERS}/a%2Fb`, fast), status: 400, code: "InvalidResourceName" },
  {
    name: "a name of 2,000 characters",
    ask: { path: `${CLUSTERS}/${"a".repeat(2_000)}?${VERSION}` },
    status: 400,
    code: "InvalidRequestUri",
  },
  { name: "a malformed escape", ask: { path: `${CLUSTERS}/%zz?${VERSION}` }, status: 400, code: "InvalidRequestUri" },
  ...[
    `${CLUSTER}/agentPools/a%00`,
    `${CLUSTER}/hostRoutings/default/nodes/a%00`,
    `${GROUP}/providers/Microsoft.Resources/deployments/a%00`,
    `${CLUSTER}/agentPools/a%00/providers/Microsoft.Authorization/roleAssignments`,
    `/subscriptions/${ids.subscriptionId}/resourceGroups/%C4%B0/${PROVIDER}/managedClusters/one`,
    `${CLUSTER}#`,
  ].map((path) => ({
    name: `${path}: what no name can have`,
    ask: { path: `${path}?${VERSION}` },
    status: 400,
    code: "InvalidRequestUri",
  })),
  ...["1e400", "1.5", "-1", "", "9999999999999999"].map((place) => ({
    name: `a place '${place}' in the audit that nobody handed out`,
    ask: {
      path: `/subscriptions/${ids.subscriptionId}/${PROVIDER}/auditEvents?${VERSION}&$skipToken=${Buffer.from(`audit/${place}`).toString("base64url")}`,
    },
    status: 400,
    code: "InvalidParameter",
  })),
  {
    name: "a filter of assignments with U+0000",
    ask: { path: `${GROUP}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01&$filter=principalId%20eq%20'%00'` },
    status: 400,
    code: "InvalidFilter",
  },
  {
    name: "a filter of groups with U+0000",
    ask: { path: `/subscriptions/${ids.subscriptionId}/resourceGroups?api-version=2024-11-01&$filter=tagName%20eq%20'%00'` },
    status: 400,
    code: "InvalidFilterInQueryString",
  },
  {
    name: "an address with its server, as a proxy is sent it: of an api-version of another age",
    ask: { path: `https://localhost${CLUSTER}?api-version=1999-01-01` },
    status: 400,
    code: "NoRegisteredProviderFound",
  },
  {
    name: "a skip token of nobody's making",
    ask: { path: `${CLUSTERS}?${VERSION}&$skipToken=%00garbage` },
    status: 400,
    code: "InvalidParameter",
  },
  { name: "pages of no size", ask: { path: `${CLUSTERS}?${VERSION}&$top=0` }, status: 400, code: "InvalidParameter" },
  { name: "an unknown action", ask: { method: "POST", path: `${CLUSTER}/explode?${VERSION}` }, status: 404, code: "NotFound" },
  { name: "PUT of the collection", ask: put(CLUSTERS, {}), status: 405, code: "MethodNotAllowed" },
  {
    name: "DELETE of hostRoutings",
    ask: { method: "DELETE", path: `${CLUSTER}/hostRoutings/default?${VERSION}` },
    status: 405,
    code: "MethodNotAllowed",
  },
  { name: "GET of cancel", ask: { path: `${CLUSTER}/hostRoutings/default/cancel?${VERSION}` }, status: 405, code: "MethodNotAllowed" },
  { name: "an address of nobody", ask: { path: `/favicon.ico?${VERSION}` }, status: 404, code: "NotFound" },
  { name: "where tokens would be, without an authority", ask: { path: `/common/oauth2?${VERSION}` }, status: 404, code: "NotFound" },
  {
    name: "a huge header",
    ask: { path: `${CLUSTER}?${VERSION}`, headers: { "x-huge": "x".repeat(100_000) } },
    status: 431,
    code: "RequestHeaderTooLarge",
  },
];

for (const refusal of refusals) test(refusal.name, () => checkRefusal(surface, refusal));

test("none of these changed anything", () => checkUntouched(surface));

test("a token that somebody else signed, and one that nobody signed", async () => {
  const { privateKey } = await generateKeyPair("RS256");
  const claims = {
    iss: `https://issuer.test/${ids.tenantId}/`,
    aud: "https://management.azure.com",
    tid: ids.tenantId,
    oid: "x",
    exp: 9_999_999_999,
  };
  const forged = await new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid: "test" }).sign(privateKey);
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const symmetric = await new SignJWT(claims).setProtectedHeader({ alg: "HS256", kid: "test" }).sign(Buffer.from("x".repeat(32)));
  for (const token of [forged, `${encode({ alg: "none" })}.${encode(claims)}.`, symmetric]) {
    const reply = await surface.ask({ path: `${CLUSTER}?${VERSION}`, token: null, headers: { authorization: `Bearer ${token}` } });
    assert.deepEqual([reply.status, reply.body.error.code], [401, "InvalidAuthenticationToken"]);
  }
});

test("an address with its server is audited as the address is", async () => {
  const audit = async () => (await surface.store.audit.head(ids.subscriptionId)).sequence;
  const before = await audit();
  const { status } = await surface.ask({ ...put(`https://localhost${CLUSTERS}/nobody`, {}, { "if-match": "x" }) });
  assert.deepEqual([status, await audit()], [412, before + 1]);
});

test("plain HTTP gets no answer and no redirect", async () => {
  await assert.rejects(
    new Promise((resolve, reject) =>
      httpRequest({ host: "127.0.0.1", port: surface.port, path: CLUSTER }, resolve).on("error", reject).end(),
    ),
    /socket hang up|ECONNRESET/,
  );
});

test("bytes that are no HTTP get an ARM error", async () => {
  const answer = await new Promise<string>((resolve, reject) => {
    let text = "";
    const socket = connect({ host: "127.0.0.1", port: surface.port, rejectUnauthorized: false }, () => socket.write("HELLO\r\n\r\n"));
    socket.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    socket.on("end", () => resolve(text)).on("error", reject);
  });
  assert.match(answer, /^HTTP\/1\.1 400 [^]*"code":"InvalidRequest"/);
});
