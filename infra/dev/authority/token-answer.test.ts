import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { createLocalJWKSet, jwtVerify } from "jose";
import { ensureSigningKey, type SigningKey } from "./signing-key.ts";
import { answerToken, issuerOf } from "./token-answer.ts";

const tenant = { publicUrl: "https://localhost:1", tenantId: "t-1", clientId: "c-1", clientSecret: "s-1" };
const NOW_MS = Date.UTC(2026, 3, 1);
const folder = mkdtempSync(path.join(tmpdir(), "authority-"));
const keyFile = path.join(folder, "key.json");

let key: SigningKey;
before(async () => {
  key = await ensureSigningKey(keyFile);
});
after(() => rmSync(folder, { recursive: true }));

const good = { grant_type: "client_credentials", client_id: "C-1", client_secret: "s-1", scope: "https://arm.test//.default" };
const ask = (form: object): ReturnType<typeof answerToken> =>
  answerToken(tenant, key, { form: new URLSearchParams(Object.entries(form)), nowMs: NOW_MS });

test("a token holds what a control plane looks for, for an hour, for the audience asked for", async () => {
  const { status, body } = await ask(good);
  assert.deepEqual([status, body["token_type"], body["expires_in"]], [200, "Bearer", 3_599]);
  const keys = createLocalJWKSet({ keys: [key.publicJwk] });
  const { payload } = await jwtVerify(String(body["access_token"]), keys, { currentDate: new Date(NOW_MS) });
  assert.deepEqual([payload.iss, payload.aud, payload["tid"], payload["appid"]], [issuerOf(tenant), "https://arm.test/", "t-1", "c-1"]);
  assert.equal(payload.exp, NOW_MS / 1000 + 3_599);
  assert.match(String(payload["oid"]), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
});

for (const [name, form, status, error] of [
  ["another grant", { ...good, grant_type: "password" }, 400, "unsupported_grant_type"],
  ["another client", { ...good, client_id: "c-2" }, 400, "unauthorized_client"],
  ["a wrong secret", { ...good, client_secret: "s-2" }, 401, "invalid_client"],
  ["no secret", { ...good, client_secret: "" }, 401, "invalid_client"],
  ["no scope", { ...good, scope: "openid" }, 400, "invalid_scope"],
] as const)
  test(`${name}: ${error}`, async () => {
    const answer = await ask(form);
    assert.deepEqual([answer.status, answer.body["error"]], [status, error]);
  });

test("the key is made once, private, and read again; two starters agree on it", async () => {
  assert.equal(statSync(keyFile).mode & 0o777, 0o600);
  assert.deepEqual((await ensureSigningKey(keyFile)).publicJwk, key.publicJwk);
  const other = path.join(folder, "other.json");
  const [a, b] = await Promise.all([ensureSigningKey(other), ensureSigningKey(other)]);
  assert.deepEqual(a.publicJwk, b.publicJwk);
  assert.ok("d" in JSON.parse(readFileSync(other, "utf8")) && !("d" in a.publicJwk));
});
