/** What az is run against: the real processes of authority and control plane on a database of their own, with somebody who plays the worker. */
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { exportJWK, importPKCS8, SignJWT } from "jose";
import { contributorRole, readerRole } from "@hostrouting/domain";
import { openStore, type Store } from "@hostrouting/store";
import { objectIdOf } from "../../infra/dev/authority/directory.ts";
import { kubeconfigNames } from "../../infra/lab-provider/user-kubeconfigs.ts";
import { assign, ids, makeCluster, moveOperation, register, seeNodes } from "../../services/control-plane/src/testing/test-cluster.ts";
import { playProvider } from "../../services/control-plane/src/testing/play-provider.ts";
import { makeTestDatabase } from "../../services/control-plane/src/testing/test-database.ts";
import { startTestInstallation, type TestInstallation } from "../../services/control-plane/src/testing/test-installation.ts";
import { azureCli, type AzureCli } from "./azure-cli.ts";
import { recordRequests, type RequestRecord } from "./request-record.ts";

/** Clusters, by what becomes of their operations. `held` ends only when somebody cancels it. */
const CLUSTERS = { one: "Succeeded", two: "Succeeded", failing: "Failed", held: "Held" } as const;
/** Clusters that lines make, and the provider's part of which is played too. */
const MADE = { made: "Succeeded", deployed: "Succeeded" } as const;
const LOOK_MS = 100;
const FAILURE = { code: "PreflightBlocked", message: "Two checks failed" };
const PERSON = { userName: "developer@hostrouting.test", displayName: "Developer", password: "not-a-password-outside-this-test" };
/** Signs in as everybody does, and has no role. */
const GUEST_CLIENT = { clientId: "55555555-5555-4555-8555-555555555555", displayName: "Guest", secret: "guest-secret-of-this-test" };
/** Sees everything, writes cluster `two`, deploys, and deletes no cluster. */
const WRITER_CLIENT = {
  clientId: "66666666-6666-4666-8666-666666666666",
  displayName: "Writer",
  secret: "writer-secret-of-this-test",
  deployment: "pruned",
};
const FEDERATED = { issuer: "https://issuer.test/", subject: "repo:one", audience: "api://AzureADTokenExchange" };

/** A stage, from its start to its end. */
export type Stage = {
  readonly record: RequestRecord;
  /** What stands in braces in a line: `{base}`, `{cluster}`, `{secret}` … */
  readonly values: Readonly<Record<string, string>>;
  /** An az that knows nothing yet, or what another one knew. */
  newCli(knowing?: AzureCli): AzureCli;
  close(): Promise<void>;
};

/** A kubeconfig as the lab's provider writes it: names as with AKS, by which az tells an administrator's from a user's. */
function kubeconfigOf(whose: string): string {
  const { cluster, user, context } = kubeconfigNames({ resourceGroup: "Lab", name: "made" }, whose === "admin" ? "admin" : "user");
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": context,
    contexts: [{ name: context, context: { cluster, user } }],
    clusters: [{ name: cluster, cluster: { server: "https://made.localhost:6443" } }],
    users: [{ name: user, user: { token: `token of ${user}` } }],
  });
}

/** Moves whatever is under way to its end, one look after the other, until told to stop: what a provider is to make first, then what is the worker's. */
function playWorker(store: Store): () => Promise<void> {
  const provider = playProvider(store, kubeconfigOf);
  let looking = Promise.resolve();
  const look = async (): Promise<void> => {
    await provider.serveAll();
    for (const [name, fate] of Object.entries({ ...CLUSTERS, ...MADE })) {
      const { id } = makeCluster(name);
      const operation = (await store.rounds.read(id))?.operation;
      if (operation === undefined || operation.control.provision !== undefined) continue;
      if (operation.cancelRequested) await moveOperation(store, id, "Canceled");
      else if (fate === "Failed") await moveOperation(store, id, { phase: "Failed", error: FAILURE });
      else if (fate === "Succeeded") await moveOperation(store, id, { phase: "Succeeded", percentComplete: 100 });
    }
  };
  const timer = setInterval(() => {
    // A request that changes the same row at the same moment wins; the next look sees what it left.
    looking = looking.then(look).catch(() => undefined);
  }, LOOK_MS);
  return async () => {
    clearInterval(timer);
    await looking;
  };
}

/** Somebody else's token for an application: what a build server has instead of a secret. */
async function makeFederation() {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const clientId = randomUUID();
  const client = { clientId, displayName: "Federated", federated: [{ ...FEDERATED, keys: [await exportJWK(publicKey)] }] };
  const key = await importPKCS8(privateKey.export({ type: "pkcs8", format: "pem" }).toString(), "RS256");
  const token = await new SignJWT({ iss: FEDERATED.issuer, sub: FEDERATED.subject, aud: FEDERATED.audience })
    .setProtectedHeader({ alg: "RS256" })
    .setExpirationTime("1h")
    .sign(key);
  return { client, token };
}

function valuesOf(
  installation: TestInstallation,
  federation: Awaited<ReturnType<typeof makeFederation>>,
): Readonly<Record<string, string>> {
  const group = `/subscriptions/${ids.subscriptionId}/resourceGroups/Lab`;
  return {
    base: installation.base,
    tenant: ids.tenantId,
    client: ids.clientId,
    secret: installation.clientSecret,
    writerClient: WRITER_CLIENT.clientId,
    writerSecret: WRITER_CLIENT.secret,
    writerDeployment: WRITER_CLIENT.deployment,
    guestClient: GUEST_CLIENT.clientId,
    guestSecret: GUEST_CLIENT.secret,
    federatedClient: federation.client.clientId,
    federatedToken: federation.token,
    user: PERSON.userName,
    group,
    templates: path.join(import.meta.dirname, "../../infra/azure"),
    cluster: `${group}/providers/Microsoft.ContainerService/managedClusters/one`,
    made: `${group}/providers/Microsoft.ContainerService/managedClusters/made`,
  };
}

async function giveRights(store: Store, owners: readonly string[]): Promise<void> {
  for (const name of owners) await assign(store, { principalId: objectIdOf(ids.tenantId, name) });
  const principalId = objectIdOf(ids.tenantId, WRITER_CLIENT.clientId);
  const group = `/subscriptions/${ids.subscriptionId}/resourceGroups/Lab`;
  const written = [
    `${group}/providers/Microsoft.ContainerService/managedClusters/two`,
    `${group}/providers/Microsoft.Resources/deployments/${WRITER_CLIENT.deployment}`,
  ];
  await assign(store, { principalId, roleId: readerRole.id });
  for (const scope of written) await assign(store, { principalId, roleId: contributorRole.id, scope });
}

/** Starts everything; what fails to start leaves nothing behind. */
export async function openStage(): Promise<Stage> {
  const endings: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const end of endings.toReversed()) await end();
  };
  try {
    const folder = mkdtempSync(path.join(tmpdir(), "az-"));
    endings.push(() => rmSync(folder, { recursive: true, force: true }));
    const database = await makeTestDatabase();
    endings.push(() => database.drop());
    const store = await openStore(database.url, () => undefined);
    endings.push(() => store.close());
    await register(
      store,
      Object.keys(CLUSTERS).map((name) => makeCluster(name)),
    );
    await seeNodes(store, makeCluster("two").id, { system: ["aks-system-0"], user: ["aks-user-0", "aks-user-1"] });
    endings.push(playWorker(store));
    const federation = await makeFederation();
    await giveRights(store, [federation.client.clientId, PERSON.userName]);
    const { deployment: _, ...writer } = WRITER_CLIENT;
    const tenants = [{ tenantId: ids.tenantId, clients: [federation.client, GUEST_CLIENT, writer], users: [PERSON] }];
    const installation = await startTestInstallation(database.url, {
      tenants,
      approveAs: PERSON.userName,
      controlPlane: { HOSTROUTING_THROTTLE_DELETES: "1/1", HOSTROUTING_PROVIDERS: "lab" },
    });
    endings.push(() => installation.close());
    // In the background, since az waits for the answer of its browser's program otherwise, and that for az's.
    const browser = `${process.execPath} --disable-warning=ExperimentalWarning ${path.join(import.meta.dirname, "browser.ts")} %s &`;
    const env = { REQUESTS_CA_BUNDLE: installation.caFile, NODE_EXTRA_CA_CERTS: installation.caFile, BROWSER: browser };
    return {
      record: recordRequests({
        follow() {
          const from = installation.controlPlane.output().length;
          return () => installation.controlPlane.output().slice(from);
        },
        ask: async (path) => (await fetch(`${installation.base}${path}`)).text(),
      }),
      values: valuesOf(installation, federation),
      newCli(knowing) {
        const configFolder = mkdtempSync(path.join(folder, "config-"));
        if (knowing !== undefined) cpSync(knowing.configFolder, configFolder, { recursive: true });
        return azureCli(configFolder, env);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
