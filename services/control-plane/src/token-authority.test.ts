/** Microsoft's own authentication library, unmodified, against the real processes of authority and control plane. */
import assert from "node:assert/strict";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { ClientAssertionCredential, ClientSecretCredential, DeviceCodeCredential, type TokenCredential } from "@azure/identity";
import { decodeJwt, exportJWK, importPKCS8, SignJWT } from "jose";
import { openStore, type Store } from "@hostrouting/store";
import { objectIdOf } from "../../../infra/dev/authority/directory.ts";
import { assign, ids, makeCluster, register } from "./testing/test-cluster.ts";
import { makeTestDatabase } from "./testing/test-database.ts";
import { startTestInstallation, type TestInstallation } from "./testing/test-installation.ts";

let installation: TestInstallation;
let store: Store;
const endings: (() => Promise<void>)[] = [];
const keyClient = randomUUID();
const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
const person = { userName: "developer@hostrouting.test", displayName: "Developer", password: "not-a-password-outside-this-test" };

before(async () => {
  const database = await makeTestDatabase();
  endings.push(() => database.drop());
  store = await openStore(database.url, () => undefined);
  endings.push(() => store.close());
  await register(store, [makeCluster("msal")]);
  for (const name of [keyClient, person.userName]) await assign(store, { principalId: objectIdOf(ids.tenantId, name) });
  const own = {
    tenantId: ids.tenantId,
    clients: [{ clientId: keyClient, displayName: "Key", keys: [await exportJWK(pair.publicKey)] }],
    users: [person],
  };
  const foreign = { tenantId: ids.otherTenantId, clients: [{ clientId: ids.clientId, displayName: "Foreign", secret: "foreign" }] };
  installation = await startTestInstallation(database.url, { tenants: [own, foreign] });
  endings.push(() => installation.close());
});

after(async () => {
  for (const end of endings.toReversed()) await end();
});

const options = () => ({ authorityHost: installation.base, disableInstanceDiscovery: true });
const scope = () => `${installation.base}/.default`;

/** What ARM answers to a credential's token: the names of the clusters that it shows. */
async function clusters(credential: TokenCredential): Promise<readonly unknown[]> {
  const token = await credential.getToken(scope());
  const url = `${installation.base}/subscriptions/${ids.subscriptionId}/providers/Microsoft.ContainerService/managedClusters?api-version=2026-04-01`;
  const reply = await fetch(url, { headers: { authorization: `Bearer ${token?.token}` } });
  const body = (await reply.json()) as { value?: readonly { name: string }[]; error?: { code: string } };
  return [reply.status, body.error?.code ?? body.value?.map(({ name }) => name)];
}

test("ClientSecretCredential", async () => {
  const credential = new ClientSecretCredential(ids.tenantId, ids.clientId, installation.clientSecret, options());
  assert.deepEqual(await clusters(credential), [200, ["msal"]]);
});

async function assertion(): Promise<string> {
  const key = await importPKCS8(pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString(), "RS256");
  return new SignJWT({ jti: randomUUID() })
    .setProtectedHeader({ alg: "RS256" })
    .setIssuer(keyClient)
    .setSubject(keyClient)
    .setAudience(`${installation.base}/${ids.tenantId}/oauth2/v2.0/token`)
    .setIssuedAt()
    .setExpirationTime("10m")
    .sign(key);
}

test("ClientAssertionCredential", async () => {
  const credential = new ClientAssertionCredential(ids.tenantId, keyClient, assertion, options());
  assert.deepEqual(await clusters(credential), [200, ["msal"]]);
});

for (const tenantId of [ids.tenantId, "organizations"])
  test(`DeviceCodeCredential in ${tenantId}: somebody allows the code, MSAL polls, and is answered from its cache and its refresh token`, async () => {
    const credential = new DeviceCodeCredential({
      ...options(),
      tenantId,
      userPromptCallback: ({ userCode, verificationUri }) => {
        const form = { user_code: userCode, username: person.userName, password: person.password };
        void fetch(verificationUri, { method: "POST", body: new URLSearchParams(form) });
      },
    });
    assert.deepEqual(await clusters(credential), [200, ["msal"]]);
    const again = await credential.getToken("https://management.azure.com/.default");
    const { aud, upn, idtyp } = decodeJwt(again.token);
    assert.deepEqual([aud, upn, idtyp], ["https://management.azure.com", person.userName, "user"]);
  });

test("a token of another tenant is a token, and shows nothing of this one", async () => {
  const credential = new ClientSecretCredential(ids.otherTenantId, ids.clientId, "foreign", options());
  assert.deepEqual(await clusters(credential), [404, "SubscriptionNotFound"]);
});

test("whom the authority refuses, MSAL refuses with its words", async () => {
  const credential = new ClientSecretCredential(ids.tenantId, randomUUID(), "x", options());
  await assert.rejects(() => credential.getToken(scope()), /AADSTS700016/);
});

test("what the router forwards and ARM does not take for a request for tokens is there for nobody", async () => {
  const { status } = await fetch(`${installation.base}/subscriptions/oauth2/x?api-version=2022-12-01`);
  assert.equal(status, 404);
});
