import assert from "node:assert/strict";
import { test } from "node:test";
import { generateKeyPair, SignJWT } from "jose";
import { tokenVerifier } from "./bearer-token.ts";
import { verifiedTokens, type Verified } from "./verified-tokens.ts";

const rules = { issuer: "https://issuer.test/t/", audiences: ["https://arm.test"], publicUrl: "https://arm.test" };
const MINUTE_MS = 60_000;
const lasting = (objectId: string): Verified => ({
  principal: { tenantId: "t", objectId, name: objectId, type: "User" },
  expiresAtMs: Number.MAX_SAFE_INTEGER,
});

/** An issuer that says how often its key was asked for, a clock, and the verifier of both. */
async function stage() {
  const { privateKey, publicKey } = await generateKeyPair("RS256");
  const counted = { checks: 0, nowMs: Date.now(), isWithdrawn: false };
  const keys = async () => {
    counted.checks += 1;
    if (counted.isWithdrawn) return (await generateKeyPair("RS256")).publicKey;
    return publicKey;
  };
  const verify = tokenVerifier(rules, keys, { now: () => counted.nowMs });
  const sign = (oid: string, exp = 9_999_999_999): Promise<string> =>
    new SignJWT({ iss: rules.issuer, aud: "https://arm.test", tid: "t", oid, exp }).setProtectedHeader({ alg: "RS256" }).sign(privateKey);
  return { counted, verify, sign };
}

test("a good token is checked once a minute, and another one for itself", async () => {
  const { counted, verify, sign } = await stage();
  const [token, other] = [await sign("o"), await sign("p")];
  for (const [afterMs, checks] of [
    [0, 1],
    [MINUTE_MS - 1, 1],
    [1, 2],
    [-1, 3],
  ] as const) {
    counted.nowMs += afterMs;
    assert.equal((await verify(token)).objectId, "o");
    assert.equal(counted.checks, checks);
  }
  assert.equal((await verify(other)).objectId, "p");
  assert.equal(counted.checks, 4);
});

test("a key that its issuer has withdrawn is refused within a minute", async () => {
  const { counted, verify, sign } = await stage();
  const token = await sign("o");
  await verify(token);
  counted.isWithdrawn = true;
  counted.nowMs += MINUTE_MS;
  await assert.rejects(verify(token), /access token is invalid/);
});

test("a token is never taken for good beyond its own end", async () => {
  const { counted, verify, sign } = await stage();
  const endsMs = Math.ceil(Date.now() / 1000 + 20) * 1000;
  const token = await sign("o", endsMs / 1000);
  await verify(token);
  counted.nowMs = endsMs - 1;
  await verify(token);
  assert.equal(counted.checks, 1);
  counted.nowMs = endsMs;
  await verify(token);
  assert.equal(counted.checks, 2);
});

test("what was refused is not kept, and a good token's signature vouches for no other claims", async () => {
  const { counted, verify, sign } = await stage();
  const [token, other] = [await sign("o"), await sign("p")];
  await verify(token);
  const [head, claims] = other.split(".");
  const forged = `${head}.${claims}.${token.split(".")[2]}`;
  for (let n = 0; n < 2; n += 1) await assert.rejects(verify(forged), /access token is invalid/);
  assert.equal(counted.checks, 3);
});

test("only so many are kept, the last ones", () => {
  const known = verifiedTokens(2);
  for (let n = 0; n < 5; n += 1) known.put(`token ${n}`, lasting(`o${n}`), 0);
  const kept = Array.from({ length: 5 }, (_, n) => known.get(`token ${n}`, 1)?.objectId);
  assert.deepEqual(kept, [undefined, undefined, "o2", "o3", "o4"]);
});
