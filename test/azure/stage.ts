import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openAksCluster, type AksCluster } from "@hostrouting/azure";
import type { ClusterId, Operation, OperationId } from "@hostrouting/domain";
import { openStore, type Store } from "@hostrouting/store";
import { ids, makeCluster, moveOperation, register } from "../../services/control-plane/src/testing/test-cluster.ts";
import { makeTestDatabase } from "../../services/control-plane/src/testing/test-database.ts";
import { startTestInstallation, type TestInstallation } from "../../services/control-plane/src/testing/test-installation.ts";
import { azurePool } from "../../services/rollout-worker/src/azure/azure-pool.ts";
import { CLUSTER_ID, makeWorld, PATIENCE, type World } from "../../services/rollout-worker/src/testing/test-world.ts";

const READY_MS = 30_000;
const TURN_MS = 50;
/** More rounds than anything takes here. */
const ROUNDS_MAX = 400;

/** A second installation of our own surface, which stands for Azure: its processes, its authority, its database; whoever plays AKS moves its operations. */
export type Azure = { readonly store: Store; readonly installation: TestInstallation; readonly folder: string; close(): Promise<void> };

/** Starts it. */
export async function startAzure(): Promise<Azure> {
  const database = await makeTestDatabase();
  const store = await openStore(database.url, () => undefined);
  await register(store, []);
  const installation = await startTestInstallation(database.url, { controlPlane: { HOSTROUTING_THROTTLE_WRITES: "8/1" } });
  const until = Date.now() + READY_MS;
  while ((await fetch(`${installation.base}/readyz`)).status !== 200) {
    if (Date.now() > until) throw new Error("The installation that stands for Azure is not ready");
    await sleep(TURN_MS);
  }
  const folder = mkdtempSync(path.join(tmpdir(), "azure-"));
  writeFileSync(path.join(folder, "secret"), installation.clientSecret, { mode: 0o600 });
  return {
    ...{ store, installation, folder },
    async close() {
      await installation.close();
      await store.close();
      await database.drop();
      rmSync(folder, { recursive: true });
    },
  };
}

/** A cluster that is ours to gate and Azure's to change, and what happens between. */
export type Stage = {
  readonly world: World;
  /** Of the cluster in Azure. */
  readonly id: ClusterId;
  readonly aks: AksCluster;
  /** The settings by which it is reached. */
  readonly settingsFile: string;
  /** How often Azure was asked for a change. */
  puts(): number;
  /** Happens right before the next change is asked for. */
  beforePut(happening: () => Promise<void>): void;
  /** AKS ends the operation that is under way there; where it succeeds, every node is reimaged. */
  azureEnds(change: Partial<Operation>): Promise<void>;
  /** Rounds until our operation holds something. */
  until(id: OperationId, holds: (operation: Operation) => boolean): Promise<Operation>;
  /** The settings name another cluster from now on. */
  pointAt(name: string): void;
  close(): Promise<void>;
};

const SETTLED = { locks: [], missingActions: [] };

/** Makes both clusters. Locks and permissions are neighbours that our own surface does not have, so these two alone are answered for it. */
export async function makeStage(adminUrl: string, azure: Azure, name: string): Promise<Stage> {
  const { base, caFile } = azure.installation;
  const inAzure = makeCluster(name);
  await azure.store.clusters.register(inAzure, {});
  const accessReference = path.join(azure.folder, `${name}.json`);
  const credential = {
    kind: "ClientSecret",
    tenantId: ids.tenantId,
    clientId: ids.clientId,
    secretFile: path.join(azure.folder, "secret"),
  };
  const resourceId = `/subscriptions/${ids.subscriptionId}/resourceGroups/Lab/providers/Microsoft.ContainerService/managedClusters/${name}`;
  const settings = { resourceId, credential, arm: base, authority: base, caFile, kubeconfigFile: "/nowhere/kubeconfig" } as const;
  writeFileSync(accessReference, JSON.stringify(settings));
  const aks = openAksCluster({ ...settings, credential: { ...credential, kind: "ClientSecret" } });
  let puts = 0;
  let happening: (() => Promise<void>) | undefined;
  const watched = (opened: AksCluster): AksCluster => ({
    ...opened,
    readRights: async () => ({ kind: "Said", value: SETTLED }),
    async putMode(mode, etag) {
      const now = happening;
      happening = undefined;
      await now?.();
      puts += 1;
      return opened.putMode(mode, etag);
    },
  });
  const world = await makeWorld(adminUrl, PATIENCE, {
    driver: "aks-arm",
    origin: { provider: "azure", accessReference },
    azure: azurePool((given) => watched(openAksCluster(given)), 0),
  });
  for (const node of ["n1", "n2"]) world.fake.addNode(node);
  world.fake.cilium.install();
  world.fake.tick(0);
  return {
    ...{ world, id: inAzure.id, aks, settingsFile: accessReference },
    puts: () => puts,
    beforePut: (given) => void (happening = given),
    async azureEnds(change) {
      const mode = (await azure.store.rounds.read(inAzure.id))?.operation?.mode;
      await moveOperation(azure.store, inAzure.id, change);
      if (change.phase !== "Succeeded") return;
      world.fake.cilium.install({ "enable-host-legacy-routing": String(mode !== "BpfVeth") });
      for (const pod of world.fake.cilium.pods()) world.fake.cilium.deletePod(pod.metadata?.name ?? "");
      world.fake.tick(1_000);
    },
    async until(id, holds) {
      for (let round = 0; round < ROUNDS_MAX; round += 1) {
        const operation = await world.operation(id);
        if (holds(operation)) return operation;
        await world.round();
        world.fake.tick(1_000);
        await sleep(TURN_MS);
      }
      const { status } = await world.store.clusters.status(CLUSTER_ID);
      throw new Error(`It never came: ${JSON.stringify([await world.operation(id), status?.waits])}`);
    },
    pointAt: (other) =>
      writeFileSync(accessReference, JSON.stringify({ ...settings, resourceId: path.posix.join(resourceId, "..", other) })),
    close: () => world.close(),
  };
}
