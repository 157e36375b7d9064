import { setTimeout as sleep } from "node:timers/promises";
import type { ManagedCluster, RolloutPolicy, UserCredentialReferences } from "@hostrouting/domain";
import { openDoorbell } from "@hostrouting/doorbell";
import { createLogger } from "@hostrouting/runtime";
import { ensureOwner, openStore, type Store } from "@hostrouting/store";
import { objectIdOf } from "./authority/directory.ts";
import { DEVELOPMENT_USERS, type Identity } from "./identity.ts";

/** Where the lab's cluster stands in ARM. */
export const labPlace = { resourceGroup: "lab", name: "lab", location: "westeurope" } as const;

const ATTEMPTS_MAX = 20;
const PAUSE_MS = 250;

/** Makes subscription and resource group known, and the installation's own client and its developer their Owners; the guest stays without rights. */
export async function registerDirectory(databaseUrl: string, identity: Identity): Promise<void> {
  await withStore(databaseUrl, async (store) => {
    const { directory } = store;
    await directory.registerSubscription({
      id: identity.subscriptionId,
      tenantId: identity.tenantId,
      displayName: "Development",
      state: "Registered",
    });
    await directory.registerResourceGroup({
      subscriptionId: identity.subscriptionId,
      displayName: labPlace.resourceGroup,
      location: labPlace.location,
    });
    const { subscriptionId, tenantId } = identity;
    const own = { subscriptionId, principalId: objectIdOf(tenantId, identity.clientId) };
    await ensureOwner(store, { ...own, principalType: "ServicePrincipal" });
    await ensureOwner(store, { subscriptionId, principalId: objectIdOf(tenantId, DEVELOPMENT_USERS.developer), principalType: "User" });
  });
}

/** A cluster with how its nodes are switched and where its users' kubeconfigs are. */
export type Registration = {
  readonly cluster: ManagedCluster;
  readonly policy: RolloutPolicy;
  readonly credentials: UserCredentialReferences;
};

/** Makes the lab's cluster known, or renews where it is reached, how it is switched and where its kubeconfigs are, and rings for it. */
export async function registerCluster(
  where: { readonly databaseUrl: string; readonly redisUrl: string | undefined },
  { cluster, policy, credentials }: Registration,
): Promise<void> {
  await withStore(where.databaseUrl, (store) => store.clusters.register(cluster, policy, credentials));
  const doorbell = openDoorbell(where, createLogger("supervisor", "silent"));
  await doorbell.ring(cluster.id);
  await doorbell.close();
}

/** Both writes may be repeated, and the database may be killed at any moment: try again, a bounded number of times. */
async function withStore(databaseUrl: string, write: (store: Store) => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++)
    try {
      const store = await openStore(databaseUrl, () => undefined);
      try {
        return await write(store);
      } finally {
        await store.close();
      }
    } catch (error) {
      if (attempt === ATTEMPTS_MAX) throw error;
      await sleep(PAUSE_MS);
    }
}
