import assert from "node:assert/strict";
import { before, test } from "node:test";
import { SignJWT } from "jose";
import { NOW_MS, gist, known, makeAuthority, makeSigner, type Signer, type TestAuthority } from "./testing-authority.ts";

let [mine, second, theirs]: Signer[] = [];
let one: TestAuthority;
before(async () => {
  [mine, second, theirs] = [await makeSigner(), await makeSigner("ES256"), await makeSigner()];
  one = await makeAuthority({ keys: [second.publicJwk, mine.publicJwk], federated: [theirs.publicJwk] });
});

const nowS = NOW_MS / 1000;
const ENDPOINT = `${known.publicUrl}/${known.tenant}/oauth2/v2.0/token`;
let ids = 0;
const own = (): Record<string, unknown> => ({
  iss: known.keyClient,
  sub: known.keyClient,
  aud: ENDPOINT,
  exp: nowS + 600,
  nbf: nowS,
  jti: `id-${++ids}`,
});
const federated = { iss: known.issuer, sub: "repo:one", aud: "api://AzureADTokenExchange", exp: nowS + 600 };

const show = (assertion: string, clientId: string = known.keyClient, more: Readonly<Record<string, string>> = {}) =>
  one
    .token({
      grant_type: "client_credentials",
      client_id: clientId,
      scope: "https://arm.test/.default",
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: assertion,
      ...more,
    })
    .then(gist);
const GOOD = [200, undefined, undefined];

test("an assertion signed by any key of the application, RSA or elliptic", async () => {
  assert.deepEqual(await show(await mine!.sign(own())), GOOD);
  assert.deepEqual(await show(await second!.sign(own())), GOOD);
  assert.deepEqual(await show(await mine!.sign({ ...own(), aud: [`${known.publicUrl}/${known.tenant}/v2.0`] })), GOOD);
});

test("the same assertion may be shown until it ends, as MSAL does; its id in another one is refused", async () => {
  const claims = own();
  const assertion = await mine!.sign(claims);
  assert.deepEqual([await show(assertion), await show(assertion)], [GOOD, GOOD]);
  assert.deepEqual(await show(await mine!.sign({ ...claims, exp: nowS + 601 })), [401, "invalid_client", 700030]);
});

for (const [name, claims, number] of [
  ["another endpoint", { aud: `${known.publicUrl}/${known.other}/oauth2/v2.0/token` }, 700023],
  ["no audience", { aud: undefined }, 700023],
  ["another issuer", { iss: known.secretClient }, 700021],
  ["another subject", { sub: known.secretClient }, 700021],
  ["expired", { exp: nowS - 61 }, 700024],
  ["no end", { exp: undefined }, 700024],
  ["not yet", { nbf: nowS + 61 }, 700024],
  ["good for two hours", { exp: nowS + 7_200 }, 700024],
  ["no id", { jti: undefined }, 700030],
  ["an issuer that nobody trusts", { iss: "https://elsewhere.test/" }, 700213],
] as const)
  test(`an assertion refused: ${name}`, async () => {
    assert.deepEqual(await show(await mine!.sign({ ...own(), ...claims })), [401, "invalid_client", number]);
  });

test("an assertion refused: another key, no signature, the public key as a secret, no token at all, no type", async () => {
  assert.deepEqual(await show(await theirs!.sign(own())), [401, "invalid_client", 700027]);
  const [head, body] = (await mine!.sign(own())).split(".");
  const none = Buffer.from(JSON.stringify({ alg: "none" })).toString("base64url");
  assert.deepEqual(await show(`${none}.${body}.`), [401, "invalid_client", 50027]);
  const secret = Buffer.from(JSON.stringify(mine!.publicJwk));
  assert.deepEqual(await show(await new SignJWT(own()).setProtectedHeader({ alg: "HS256" }).sign(secret)), [401, "invalid_client", 50027]);
  assert.deepEqual(await show(`${head}.${body}.AAAA`), [401, "invalid_client", 700027]);
  assert.deepEqual(await show("nothing"), [401, "invalid_client", 50027]);
  assert.deepEqual(await show(await mine!.sign(own()), known.keyClient, { client_assertion_type: "x" }), [400, "invalid_request", 900144]);
});

test("a token of a federated issuer, as often as it is shown; another subject, audience, key or application", async () => {
  const token = await theirs!.sign(federated);
  assert.deepEqual([await show(token, known.federatedClient), await show(token, known.federatedClient)], [GOOD, GOOD]);
  const other = async (claims: object): Promise<unknown> => show(await theirs!.sign({ ...federated, ...claims }), known.federatedClient);
  assert.deepEqual(await other({ sub: "repo:two" }), [401, "invalid_client", 700213]);
  assert.deepEqual(await other({ aud: "https://elsewhere.test" }), [401, "invalid_client", 700213]);
  assert.deepEqual(await other({ exp: nowS - 61 }), [401, "invalid_client", 700024]);
  assert.deepEqual(await show(await mine!.sign(federated), known.federatedClient), [401, "invalid_client", 700027]);
  assert.deepEqual(await show(token, known.keyClient), [401, "invalid_client", 700213]);
});
