import { statSync } from "node:fs";
import { openAksCluster, readAksSettings, type AksCluster, type AksSettings } from "@hostrouting/azure";
import type { ClusterId, Instant, ManagedCluster } from "@hostrouting/domain";

/** What Azure last said of a subscription's budget of requests. */
export type AzureBudget = { blockedUntil?: Instant; writesLeft?: number };

/** Clusters that AKS manages, opened when first asked for and anew when their settings change. */
export type AzurePool = {
  /** @throws AppError `azure.settings-refused`, `azure.ca-unreadable` */
  get(cluster: ManagedCluster): AksCluster;
  /** The budget that all clusters of a subscription share; it is changed in place. */
  budget(subscriptionId: string): AzureBudget;
  /** For how long what Azure said of a cluster is worth something while an operation is under way, ms. */
  readonly freshMs: number;
};

/** Azure gives a subscription one more GET of a cluster each second: ten operations at once, each asking for two things, stay far below. */
const FRESH_MS = 15_000;

/** A pool over settings files. `open` makes the client of one. */
export function azurePool(open: (settings: AksSettings) => AksCluster = openAksCluster, freshMs = FRESH_MS): AzurePool {
  const opened = new Map<ClusterId, { readonly key: string; readonly aks: AksCluster }>();
  const budgets = new Map<string, AzureBudget>();
  return {
    freshMs,
    get({ id, accessReference }) {
      const settings = readAksSettings(accessReference);
      const key = `${accessReference} ${statSync(accessReference).mtimeMs}`;
      const known = opened.get(id);
      if (known?.key === key) return known.aks;
      const aks = open(settings);
      opened.set(id, { key, aks });
      return aks;
    },
    budget(subscriptionId) {
      const known = budgets.get(subscriptionId) ?? {};
      budgets.set(subscriptionId, known);
      return known;
    },
  };
}
