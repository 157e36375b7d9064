import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { exportJWK, generateKeyPair, SignJWT, type JWTPayload } from "jose";
import { ArmError } from "./arm-error.ts";
import { bearerOf, issuerKeys, tokenVerifier } from "./bearer-token.ts";
import { toPrincipal } from "./principal.ts";

const rules = { issuer: "https://issuer.test/t/", audiences: ["https://arm.test"], publicUrl: "https://arm.test" };

test("the scheme is Bearer, in any letter case", () => {
  assert.equal(bearerOf("bearer abc", rules), "abc");
  for (const header of [undefined, "", "Bearer", "Bearer a b", "Basic abc"])
    assert.throws(
      () => bearerOf(header, rules),
      (error) => error instanceof ArmError && error.fault.code === "AuthenticationFailed",
    );
});

test("keys are read from the issuer; an issuer that is away is 503, not 401", async () => {
  let keys: object[] = [];
  const server = createServer((_request, response) => response.setHeader("content-type", "application/json").end(JSON.stringify({ keys })));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
  const makeToken = async (kid: string): Promise<string> => {
    const { privateKey, publicKey } = await generateKeyPair("RS256");
    keys = [{ ...(await exportJWK(publicKey)), kid, alg: "RS256" }];
    const claims = { iss: rules.issuer, aud: "https://arm.test", tid: "t", oid: "o", appid: "a", exp: 9_999_999_999 };
    return new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid }).sign(privateKey);
  };
  try {
    const token = await makeToken("one");
    assert.deepEqual(await tokenVerifier(rules, issuerKeys(url))(token), { tenantId: "t", objectId: "o", name: "a", type: "Application" });
    server.close();
    server.closeAllConnections();
    const refusal = await tokenVerifier(rules, issuerKeys(url))(token).catch((error: unknown) => error);
    assert.ok(refusal instanceof ArmError);
    assert.deepEqual([refusal.status, refusal.retryAfterSeconds], [503, 2]);
  } finally {
    server.close();
  }
});

test("a key that its issuer has withdrawn counts for a minute; the others go on while the issuer answers nothing", async () => {
  const made = await Promise.all(
    ["one", "two"].map(async (kid) => {
      const { privateKey, publicKey } = await generateKeyPair("RS256");
      return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: "RS256" } };
    }),
  );
  let status = 200;
  let keys = made.map(({ jwk }) => jwk);
  const server = createServer((_request, response) => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ keys }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  let atMs = 0;
  const found = issuerKeys(`http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`, { now: () => atMs });
  /** Which of these keys' tokens are let in, by a verifier that remembers none. */
  const accepted = async (...kids: readonly string[]): Promise<string[]> => {
    const answers = made
      .filter(({ kid }) => kids.includes(kid))
      .map(async ({ kid, privateKey }) => {
        const claims = { iss: rules.issuer, aud: "https://arm.test", tid: "t", oid: "o", appid: "a", exp: 9_999_999_999 };
        const token = await new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid }).sign(privateKey);
        return tokenVerifier(
          rules,
          found,
        )(token).then(
          () => [kid],
          () => [],
        );
      });
    return (await Promise.all(answers)).flat();
  };
  try {
    assert.deepEqual(await accepted("one", "two"), ["one", "two"]);
    keys = keys.slice(1);
    atMs = 59_999;
    assert.deepEqual(await accepted("one", "two"), ["one", "two"]);
    atMs = 60_000;
    assert.deepEqual(await accepted("one"), []);
    assert.deepEqual(await accepted("one", "two"), ["two"]);
    status = 500;
    atMs = 120_000;
    assert.deepEqual(await accepted("two"), ["two"]);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

test("an issuer of every tenant is the token's own tenant's, and no other", async () => {
  const { privateKey, publicKey } = await generateKeyPair("RS256");
  const verify = tokenVerifier({ ...rules, issuer: "https://issuer.test/{tenantid}/" }, async () => publicKey);
  const ask = async (iss: string | undefined, tid: string | undefined): Promise<unknown> => {
    const token = await new SignJWT({ iss, aud: "https://arm.test", tid, oid: "o", appid: "a", exp: 9_999_999_999 } as JWTPayload)
      .setProtectedHeader({ alg: "RS256" })
      .sign(privateKey);
    return verify(token).then(
      ({ tenantId }) => tenantId,
      (error: unknown) => error instanceof ArmError && error.fault.code,
    );
  };
  assert.equal(await ask("https://issuer.test/t/", "t"), "t");
  assert.equal(await ask("https://issuer.test/u/", "u"), "u");
  assert.equal(await ask("https://issuer.test/u/", "t"), "InvalidAuthenticationTokenTenant");
  assert.equal(await ask("https://elsewhere.test/t/", "t"), "InvalidAuthenticationTokenTenant");
  assert.equal(await ask("https://issuer.test/undefined/", undefined), "InvalidAuthenticationToken");
  assert.equal(await ask(undefined, "t"), "InvalidAuthenticationTokenTenant");
});

const claims: readonly (readonly [name: string, claims: Record<string, unknown>, expected: string | undefined])[] = [
  ["an application", { tid: "t", oid: "o", appid: "app", idtyp: "app" }, "Application app"],
  ["an application of version 2", { tid: "t", oid: "o", azp: "app" }, "Application app"],
  ["a person", { tid: "t", oid: "o", upn: "jo@x", appid: "app" }, "User jo@x"],
  ["without object, the subject", { tid: "t", sub: "s" }, "Application s"],
  ["without tenant", { oid: "o" }, undefined],
  ["with nothing", {}, undefined],
  ["a tenant of the wrong type", { tid: 1, oid: "o" }, undefined],
];
for (const [name, given, expected] of claims)
  test(`principal: ${name}`, () => {
    const principal = toPrincipal(given);
    assert.equal(principal && `${principal.type} ${principal.name}`, expected);
  });
