import assert from "node:assert/strict";
import { before, test } from "node:test";
import { createLocalJWKSet, decodeJwt, jwtVerify } from "jose";
import { issuerOf } from "./issued-tokens.ts";
import { NOW_MS, gist, known, makeAuthority, type TestAuthority } from "./testing-authority.ts";

let one: TestAuthority;
before(async () => {
  one = await makeAuthority();
});

const SCOPE = "https://arm.test//.default";
const byApp = { grant_type: "client_credentials", client_id: known.secretClient, client_secret: "s-1", scope: SCOPE };

test("an application's token holds what a control plane looks for, for an hour, for the audience asked for", async () => {
  const { status, body } = await one.token({ ...byApp, client_id: known.secretClient.toUpperCase() });
  assert.deepEqual([status, body["token_type"], body["expires_in"], body["ext_expires_in"]], [200, "Bearer", 3_599, 3_599]);
  const keys = createLocalJWKSet({ keys: [one.authority.key.publicJwk] });
  const { payload } = await jwtVerify(String(body["access_token"]), keys, { currentDate: new Date(NOW_MS) });
  const { oid, sub, ...rest } = payload;
  assert.match(String(oid), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(oid, sub);
  const nowS = NOW_MS / 1000;
  assert.deepEqual(rest, {
    aud: "https://arm.test/",
    iss: issuerOf(known.publicUrl, known.tenant),
    iat: nowS,
    nbf: nowS,
    exp: nowS + 3_599,
    tid: known.tenant,
    appid: known.secretClient,
    appidacr: "1",
    idtyp: "app",
    ver: "1.0",
  });
});

const device = { client_id: known.azureCli, scope: `${SCOPE} openid profile offline_access` };

/** A sign-in with a device code, to its end. */
async function signIn(
  authority: TestAuthority,
  tenant: string = known.tenant,
  userName = "dev@one.test",
): Promise<Readonly<Record<string, unknown>>> {
  const { body } = await authority.deviceCode(device, { tenant });
  assert.equal(authority.authority.deviceCodes.answer(String(body["user_code"]), userName, NOW_MS), true);
  const answer = await authority.token(
    { grant_type: "device_code", client_id: known.azureCli, device_code: String(body["device_code"]) },
    { tenant },
  );
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
}

test("a person's tokens: access token, id token, client_info, family, and the scopes that MSAL looks for", async () => {
  for (const tenant of [known.tenant, "organizations", "common"]) {
    const body = await signIn(one, tenant);
    const access = decodeJwt(String(body["access_token"]));
    const id = decodeJwt(String(body["id_token"]));
    assert.deepEqual(
      [
        access["upn"],
        access["unique_name"],
        access["idtyp"],
        access["scp"],
        access["appid"],
        access["appidacr"],
        access.aud,
        access["tid"],
      ],
      ["dev@one.test", "dev@one.test", "user", "user_impersonation", known.azureCli, "0", "https://arm.test/", known.tenant],
    );
    assert.deepEqual(
      [id["preferred_username"], id["tid"], id["oid"], id.aud, id.iss],
      ["dev@one.test", known.tenant, access["oid"], known.azureCli, `${known.publicUrl}/${known.tenant}/v2.0`],
    );
    const info: unknown = JSON.parse(Buffer.from(String(body["client_info"]), "base64url").toString());
    assert.deepEqual(info, { uid: access["oid"], utid: known.tenant });
    assert.deepEqual([body["foci"], body["scope"]], ["1", `${SCOPE} https://arm.test//user_impersonation`]);
  }
});

for (const [name, form, at, expected] of [
  ["no grant", { grant_type: "" }, {}, [400, "invalid_request", 900144]],
  ["another grant", { grant_type: "password" }, {}, [400, "unsupported_grant_type", 70003]],
  ["another client", { client_id: known.other }, {}, [400, "unauthorized_client", 700016]],
  ["no client", { client_id: "" }, {}, [400, "invalid_request", 900144]],
  ["another tenant's client", {}, { tenant: known.other }, [400, "unauthorized_client", 700016]],
  ["an unknown tenant", {}, { tenant: "nowhere" }, [400, "invalid_tenant", 90002]],
  ["no tenant", {}, { tenant: "common" }, [400, "invalid_request", 50059]],
  ["a wrong secret", { client_secret: "s-2" }, {}, [401, "invalid_client", 7000215]],
  ["no secret", { client_secret: "" }, {}, [401, "invalid_client", 7000218]],
  ["a scope that is no resource", { scope: "openid" }, {}, [400, "invalid_scope", 1002012]],
  ["two resources", { scope: `${SCOPE} https://other.test/.default` }, {}, [400, "invalid_scope", 70011]],
  ["a public client with a secret", { client_id: known.publicClient }, {}, [401, "invalid_client", 700025]],
  ["a secret of a client that has a key", { client_id: known.federatedClient }, {}, [401, "invalid_client", 7000215]],
] as const)
  test(`client_credentials, ${name}: ${expected.join(" ")}`, async () => {
    assert.deepEqual(gist(await one.token({ ...byApp, ...form }, at)), expected);
  });

test("a public client alone gets no token of its own", async () => {
  assert.deepEqual(gist(await one.token({ grant_type: "client_credentials", client_id: known.azureCli, scope: SCOPE })), [
    400,
    "unauthorized_client",
    7000217,
  ]);
});

test("refusals speak as Entra's do", async () => {
  const { body } = await one.token({ ...byApp, client_secret: "wrong" });
  assert.match(
    String(body["error_description"]),
    /^AADSTS7000215: Invalid client secret.* Trace ID: [0-9a-f-]{36} Correlation ID: [0-9a-f-]{36} Timestamp: 2026-04-01 00:00:00Z$/,
  );
  assert.deepEqual(Object.keys(body), ["error", "error_description", "error_codes", "timestamp", "trace_id", "correlation_id"]);
});

const poll = (code: unknown, ms: number, clientId: string = known.azureCli) =>
  one
    .token({ grant_type: "urn:ietf:params:oauth:grant-type:device_code", client_id: clientId, device_code: String(code) }, { ms })
    .then(gist);

test("a device code: pending, too fast, declined; used once; for its client only; unknown; expired", async () => {
  const { body } = await one.deviceCode(device);
  assert.deepEqual(
    [body["expires_in"], body["interval"], body["verification_uri"]],
    [900, 1, `${known.publicUrl}/common/oauth2/deviceauth`],
  );
  assert.match(String(body["message"]), new RegExp(String(body["user_code"])));
  const code = body["device_code"];
  assert.deepEqual(await poll(code, 0), [400, "authorization_pending", 70016]);
  assert.deepEqual(await poll(code, 100), [400, "slow_down", 70019]);
  assert.deepEqual(await poll(code, 1_050), [400, "authorization_pending", 70016]);
  assert.deepEqual(await poll(code, 2_000, known.publicClient), [400, "invalid_grant", 70002]);
  assert.equal(one.authority.deviceCodes.answer(String(body["user_code"]).toLowerCase(), undefined, NOW_MS), true);
  assert.deepEqual(await poll(code, 3_000), [400, "authorization_declined", 70018]);
  assert.deepEqual(await poll(code, 4_000), [400, "invalid_grant", 70000]);
  const second = await one.deviceCode(device);
  assert.deepEqual(await poll(second.body["device_code"], 900_000), [400, "expired_token", 70020]);
  assert.equal(one.authority.deviceCodes.answer(String(second.body["user_code"]), "dev@one.test", NOW_MS + 900_000), false);
});

test("device codes are bounded, and there is room again when they have expired", async () => {
  const full = await makeAuthority();
  for (let count = 0; count < 1_000; count++) assert.equal((await full.deviceCode(device)).status, 200);
  assert.deepEqual(gist(await full.deviceCode(device)), [503, "temporarily_unavailable", 90033]);
  assert.equal((await full.deviceCode(device, { ms: 1_800_001 })).status, 200);
});

test("a person of another tenant cannot be used in this one", async () => {
  const { body } = await one.deviceCode(device);
  one.authority.deviceCodes.answer(String(body["user_code"]), "far@two.test", NOW_MS);
  assert.deepEqual(await poll(body["device_code"], 0), [400, "invalid_grant", 50020]);
});

test("where a person is approved by the settings, a device code is good at once", async () => {
  const approving = await makeAuthority({ approvedUser: "dev@one.test" });
  const { body } = await approving.deviceCode(device);
  const answer = await approving.token({ grant_type: "device_code", client_id: known.azureCli, device_code: String(body["device_code"]) });
  assert.equal(decodeJwt(String(answer.body["access_token"]))["upn"], "dev@one.test");
});

const renew = (authority: TestAuthority, token: unknown, at: { ms?: number; tenant?: string; client?: string } = {}) =>
  authority.token(
    {
      grant_type: "refresh_token",
      client_id: at.client ?? known.azureCli,
      refresh_token: String(token),
      scope: "https://other.test/.default",
    },
    at,
  );

test("a refresh token is replaced, is for any resource, and good for a minute after its replacement, since programs share a cache", async () => {
  const first = (await signIn(one))["refresh_token"];
  const second = await renew(one, first, { ms: 1_000 });
  assert.equal(decodeJwt(String(second.body["access_token"])).aud, "https://other.test");
  const third = await renew(one, second.body["refresh_token"], { ms: 2_000 });
  assert.equal((await renew(one, first, { ms: 60_000 })).status, 200);
  assert.deepEqual(gist(await renew(one, first, { ms: 62_000 })), [400, "invalid_grant", 50173]);
  // Whoever holds it may not be whom it was given to, so the whole sign-in is over.
  assert.deepEqual(gist(await renew(one, third.body["refresh_token"], { ms: 63_000 })), [400, "invalid_grant", 50173]);
});

test("a refresh token ends a day after the sign-in, however often it was replaced, and outlives the process", async () => {
  const { body } = await renew(one, (await signIn(one))["refresh_token"], { ms: 80_000_000 });
  const day = 24 * 3_600_000;
  assert.deepEqual(gist(await renew(one, body["refresh_token"], { ms: day + 1_000 })), [400, "invalid_grant", 70008]);
  const restarted = await makeAuthority();
  Object.assign(restarted.authority, { key: one.authority.key });
  assert.equal((await renew(restarted, body["refresh_token"], { ms: day - 1_000 })).status, 200);
});

test("a refresh token of another client, another key, another kind, another tenant", async () => {
  const token = (await signIn(one))["refresh_token"];
  assert.deepEqual(gist(await renew(one, token, { client: known.publicClient })), [400, "invalid_grant", 70002]);
  assert.deepEqual(gist(await renew(await makeAuthority(), token)), [400, "invalid_grant", 70000]);
  assert.deepEqual(gist(await renew(one, (await one.token(byApp)).body["access_token"])), [400, "invalid_grant", 70000]);
  assert.deepEqual(gist(await renew(one, token, { tenant: known.other })), [400, "invalid_grant", 50020]);
});
