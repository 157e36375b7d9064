import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
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
