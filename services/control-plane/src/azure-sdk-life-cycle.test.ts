/** A cluster's life by the SDK for JavaScript, unmodified, against the real processes; the provider of clusters is played through its port of the store. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ContainerServiceClient, type ManagedCluster } from "@azure/arm-containerservice";
import type { Store } from "@hostrouting/store";
import { playProvider, type PlayedProvider } from "./testing/play-provider.ts";
import { startClientStage, type ClientStage } from "./testing/test-clients.ts";
import { ids, makeCluster, moveOperation } from "./testing/test-cluster.ts";
import { credentialOf } from "./testing/test-installation.ts";

const FAST = { updateIntervalInMs: 50 } as const;
const GROUP = "lab";

let store: Store;
let provider: PlayedProvider;
let client: ContainerServiceClient;
let stage: ClientStage;

before(async () => {
  stage = await startClientStage([], { controlPlane: { HOSTROUTING_PROVIDERS: "lab" } });
  const { installation } = stage;
  store = stage.store;
  provider = playProvider(store);
  client = new ContainerServiceClient(credentialOf(installation), ids.subscriptionId, { endpoint: installation.base });
});

after(() => stage?.close());

function wanted(accelerationMode: "BpfVeth" | "None" = "None"): ManagedCluster {
  return {
    location: "westeurope",
    dnsPrefix: "sdk",
    identity: { type: "SystemAssigned" },
    agentPoolProfiles: [{ name: "nodepool1", count: 1, mode: "System", vmSize: "Standard_D2s_v5" }],
    networkProfile: {
      networkPlugin: "azure",
      networkPluginMode: "overlay",
      networkDataplane: "cilium",
      advancedNetworking: { enabled: true, performance: { accelerationMode } },
    },
  };
}

const isRefused =
  (statusCode: number, code: string) =>
  (error: { readonly statusCode?: number; readonly code?: string }): boolean =>
    error.statusCode === statusCode && error.code === code;

async function make(name: string): Promise<void> {
  const poller = client.managedClusters.createOrUpdate(GROUP, name, wanted(), FAST);
  await poller.submitted();
  await provider.say();
  await poller.pollUntilDone();
}

test("a new cluster with host routing on is created, tagged, read with its credentials and deleted", async () => {
  const { managedClusters } = client;
  const creation = managedClusters.createOrUpdate(GROUP, "lived", wanted("BpfVeth"), FAST);
  await creation.submitted();
  assert.equal((await managedClusters.get(GROUP, "lived")).provisioningState, "Creating");
  await provider.say();
  await moveOperation(store, makeCluster("lived").id, { phase: "Succeeded", percentComplete: 100 });
  const created = await creation.pollUntilDone();
  assert.deepEqual([created.provisioningState, created.fqdn, created.currentKubernetesVersion], ["Succeeded", "made.localhost", "1.36.3"]);
  const tagged = await managedClusters.updateTags(GROUP, "lived", { tags: { team: "net" } }, FAST).pollUntilDone();
  assert.deepEqual([tagged.provisioningState, tagged.tags], ["Succeeded", { team: "net" }]);
  for (const [list, name, text] of [
    [managedClusters.listClusterUserCredentials, "clusterUser", "kubeconfig of user"],
    [managedClusters.listClusterAdminCredentials, "clusterAdmin", "kubeconfig of admin"],
  ] as const) {
    const { kubeconfigs = [] } = await list(GROUP, "lived");
    assert.deepEqual(
      kubeconfigs.map((one) => [one.name, Buffer.from(one.value ?? []).toString()]),
      [[name, text]],
    );
  }
  const deletion = managedClusters.delete(GROUP, "lived", FAST);
  await deletion.submitted();
  assert.equal((await managedClusters.get(GROUP, "lived")).provisioningState, "Deleting");
  await provider.say();
  await deletion.pollUntilDone();
  await assert.rejects(async () => managedClusters.get(GROUP, "lived"), isRefused(404, "ResourceNotFound"));
  await managedClusters.delete(GROUP, "lived", FAST).pollUntilDone();
});

test("a creation that fails rejects with code and message, and the next one makes the cluster", async () => {
  const { managedClusters } = client;
  const poller = managedClusters.createOrUpdate(GROUP, "failing", wanted(), FAST);
  await poller.submitted();
  await provider.say({ kind: "Failed", code: "QuotaExceeded", message: "There is no room for another node.", isFinal: true });
  await assert.rejects(async () => poller.pollUntilDone(), /QuotaExceeded.*There is no room for another node/);
  assert.equal((await managedClusters.get(GROUP, "failing")).provisioningState, "Failed");
  await make("failing");
  assert.equal((await managedClusters.get(GROUP, "failing")).provisioningState, "Succeeded");
});

test("a creation that is aborted rejects as canceled, and the provider has nothing more to do", async () => {
  const { managedClusters } = client;
  const creation = managedClusters.createOrUpdate(GROUP, "aborted", wanted(), FAST);
  await creation.submitted();
  const abort = managedClusters.abortLatestOperation(GROUP, "aborted", FAST);
  await abort.submitted();
  await moveOperation(store, makeCluster("aborted").id, "Canceled");
  await abort.pollUntilDone();
  await assert.rejects(async () => creation.pollUntilDone(), /canceled/i);
  assert.equal((await managedClusters.get(GROUP, "aborted")).provisioningState, "Canceled");
  await assert.rejects(provider.claim(), /nothing is to be done/);
});

test("a pool is added, scaled, listed and deleted; a scaling that fails rejects with code and message", async () => {
  await make("pooled");
  const { agentPools } = client;
  for (const count of [1, 2]) {
    const poller = agentPools.createOrUpdate(GROUP, "pooled", "extra", { count, mode: "User", vmSize: "Standard_D2s_v5" }, FAST);
    await poller.submitted();
    await provider.say();
    const pool = await poller.pollUntilDone();
    assert.deepEqual([pool.name, pool.count, pool.provisioningState], ["extra", count, "Succeeded"]);
  }
  const listed = [];
  for await (const { name, count } of agentPools.list(GROUP, "pooled")) listed.push([name, count]);
  assert.deepEqual(listed, [
    ["nodepool1", 1],
    ["extra", 2],
  ]);
  const failing = agentPools.createOrUpdate(GROUP, "pooled", "extra", { count: 9 }, FAST);
  await failing.submitted();
  await provider.say({ kind: "Failed", code: "QuotaExceeded", message: "There is no room for 7 more nodes.", isFinal: true });
  await assert.rejects(async () => failing.pollUntilDone(), /QuotaExceeded.*There is no room for 7 more nodes/);
  const deletion = agentPools.delete(GROUP, "pooled", "extra", FAST);
  await deletion.submitted();
  await provider.say();
  await deletion.pollUntilDone();
  await assert.rejects(async () => agentPools.get(GROUP, "pooled", "extra"), isRefused(404, "ResourceNotFound"));
  await assert.rejects(async () => agentPools.delete(GROUP, "pooled", "nodepool1", FAST).submitted(), isRefused(400, "BadRequest"));
});
