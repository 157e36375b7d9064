/** The control plane is killed in the middle of deployments; the next one goes on with them. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openStore, type Store } from "@hostrouting/store";
import { Client } from "pg";
import { makeCluster, moveOperation, register } from "./testing/test-cluster.ts";
import { makeTestDatabase } from "./testing/test-database.ts";
import { clusterResource, deploymentUrl, lookUntil, modeProperties, spliced, templateOf } from "./testing/test-deployment.ts";
import { credentialOf, startTestInstallation, type TestInstallation } from "./testing/test-installation.ts";

let databaseUrl: string;
let store: Store;
let installation: TestInstallation;
let token = "";
const endings: (() => Promise<void>)[] = [];

before(async () => {
  const database = await makeTestDatabase();
  databaseUrl = database.url;
  endings.push(() => database.drop());
  store = await openStore(database.url, () => undefined);
  endings.push(() => store.close());
  await register(
    store,
    ["one", "two", "three"].map((name) => makeCluster(name)),
  );
  installation = await startTestInstallation(database.url);
  endings.push(() => installation.close());
  token = (await credentialOf(installation).getToken("https://management.azure.com/.default")).token;
});
after(async () => {
  for (const end of endings.toReversed()) await end();
});

type Seen = {
  readonly status: number;
  readonly follow: string;
  readonly body: { status?: string; error?: { code: string }; properties?: { outputs: unknown } };
};

async function ask(path: string, init: RequestInit = {}): Promise<Seen> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const reply = await fetch(`${installation.base}${path}`, { ...init, headers });
  const follow = (reply.headers.get("azure-asyncoperation") ?? "").slice(installation.base.length);
  return { status: reply.status, follow, body: (await reply.json()) as Seen["body"] };
}

const deploy = (name: string, body: string): Promise<Seen> => ask(deploymentUrl(name), { method: "PUT", body });

/** What the database's clock will do by itself, some seconds later. */
async function endLeases(): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query("update deployment set expires_at = clock_timestamp() where ended_at is null").finally(() => client.end());
}

const activeOf = (name: string) => async () => (await store.clusters.get(makeCluster(name).id))?.activeOperationId;
const isThere = (value: unknown): boolean => value !== undefined;
const ended = (url: string): Promise<Seen> =>
  lookUntil(
    () => ask(url),
    ({ body }) => body.status === "Succeeded" || body.status === "Failed",
  );

test("a deployment outlives the process that accepted it, under the same operation; one with secrets ends with a word", async () => {
  const on = { properties: modeProperties("BpfVeth") };
  const plain = templateOf([clusterResource("one", on), clusterResource("two", { ...on, dependsOn: ["one"] })], {
    parameters: { id: { type: "string", defaultValue: "[newGuid()]" } },
    outputs: { id: { type: "string", value: "[parameters('id')]" } },
  });
  const secret = templateOf([clusterResource("three", { ...on, tags: { s: "[parameters('pw')]" } })], {
    parameters: { pw: { type: "securestring" } },
  });
  const [first, second] = [await deploy("plain", spliced(plain)), await deploy("secret", spliced(secret, { pw: "hunter2" }))];
  assert.deepEqual([first.status, second.status], [201, 201]);
  const operation = await lookUntil(activeOf("one"), isThere);
  await lookUntil(activeOf("three"), isThere);
  await installation.crash();
  await endLeases();

  const lost = await ended(second.follow);
  assert.deepEqual([lost.body.status, lost.body.error?.code], ["Failed", "DeploymentSecretsLost"]);
  assert.equal(await activeOf("one")(), operation, "the operation under way was begun again");
  await moveOperation(store, makeCluster("one").id, "Succeeded");
  await lookUntil(activeOf("two"), isThere);
  await installation.crash();
  await endLeases();
  await moveOperation(store, makeCluster("two").id, "Succeeded");
  assert.equal((await ended(first.follow)).body.status, "Succeeded");
  const { outputs } = (await ask(deploymentUrl("plain"))).body.properties ?? {};
  assert.match(JSON.stringify(outputs), /"value":"[0-9a-f-]{36}"/);
});
