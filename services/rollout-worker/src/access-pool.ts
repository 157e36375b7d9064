import { stat } from "node:fs/promises";
import { readAksSettings } from "@hostrouting/azure";
import { AppError, type ClusterId, type ManagedCluster } from "@hostrouting/domain";
import type { ClusterAccess, CredentialLimits } from "@hostrouting/kube";

type Entry = { readonly key: string; readonly access: ClusterAccess };

/** Access to the clusters of this worker, opened when first needed and anew when a credential changes. */
export type AccessPool = {
  /** @throws AppError `kube.credential-refused`, `kube.provider-unsupported`, `azure.settings-refused` */
  get(cluster: ManagedCluster): Promise<ClusterAccess>;
  close(): void;
};

/** The credential's path with its time of change: a lab that was rebuilt writes a new one to the same path. */
async function keyOf(path: string): Promise<string> {
  try {
    const { mtimeMs, size } = await stat(path);
    return `${path} ${mtimeMs} ${size}`;
  } catch (cause) {
    throw new AppError("kube.credential-refused", {
      say: `The kubeconfig ${path} cannot be read`,
      do: "Bring the cluster up, or register it again with the path of its kubeconfig.",
      cause,
    });
  }
}

/** A pool over kubeconfig files. `open` makes the access of a path. Only the lab's clusters may be on this machine itself. */
export function accessPool(open: (kubeconfigPath: string, limits: CredentialLimits) => ClusterAccess): AccessPool {
  const entries = new Map<ClusterId, Entry>();
  return {
    async get(cluster) {
      if (cluster.provider === "simulated")
        throw new AppError("kube.provider-unsupported", {
          say: `Clusters of provider ${cluster.provider} cannot be reached`,
          do: "Use a cluster of provider lab, azure or kubeconfig.",
        });
      const path = cluster.provider === "azure" ? readAksSettings(cluster.accessReference).kubeconfigFile : cluster.accessReference;
      const key = await keyOf(path);
      const entry = entries.get(cluster.id);
      if (entry?.key === key) return entry.access;
      entry?.access.close();
      entries.delete(cluster.id);
      const access = open(path, { loopback: cluster.provider === "lab" ? "Allowed" : "Refused" });
      entries.set(cluster.id, { key, access });
      return access;
    },
    close() {
      for (const entry of entries.values()) entry.access.close();
      entries.clear();
    },
  };
}
