import { open } from "node:fs/promises";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { ManagedCluster } from "@hostrouting/domain";
import type { Deps } from "../deps.ts";
import { armError } from "./arm-error.ts";
import { findCluster } from "./managed-cluster-routes.ts";
import { CLUSTER_TYPE } from "./resource-ids.ts";

/** Actions, what AKS names their kubeconfig, and whose it is. */
const CREDENTIALS = [
  ["listClusterUserCredential", "clusterUser", "user"],
  ["listClusterAdminCredential", "clusterAdmin", "admin"],
  ["listClusterMonitoringUserCredential", "clusterMonitoringUser", "user"],
] as const;

/** A kubeconfig is some kilobytes. */
const KUBECONFIG_BYTES_MAX = 1024 * 1024;

async function readKubeconfig(file: string): Promise<Buffer> {
  const handle = await open(file, "r");
  try {
    const { size } = await handle.stat();
    if (size === 0 || size > KUBECONFIG_BYTES_MAX) throw new Error(`it has ${size} bytes`);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** The control plane reads the file that the provider or the registration names, and asks no cluster for it. @throws ArmError 409 where there is none */
async function list(deps: Deps, request: FastifyRequest, [, name, whose]: (typeof CREDENTIALS)[number]): Promise<unknown> {
  const cluster = await findCluster(deps, request);
  const credentials = await deps.store().clusters.credentials(cluster.id);
  if (credentials === undefined) throw armError(409, "CredentialsNotAvailable", await whyNone(deps, cluster));
  try {
    return { kubeconfigs: [{ name, value: (await readKubeconfig(credentials[whose])).toString("base64") }] };
  } catch (error) {
    deps.logger.warn({ err: error, clusterId: cluster.id }, "a kubeconfig could not be read");
    const message = `The kubeconfig of cluster '${cluster.name}' cannot be read here just now. Whoever made the cluster may be making it anew; ask again.`;
    throw armError(409, "CredentialsNotAvailable", message);
  }
}

async function whyNone(deps: Deps, { id, name }: ManagedCluster): Promise<string> {
  if ((await deps.store().provisioning.get(id)) !== undefined)
    return `Cluster '${name}' is not made yet. Wait for its operation, and ask again.`;
  return `Cluster '${name}' was registered without kubeconfigs for its users. Ask whoever made it for one, or register it again with where they are.`;
}

/** Kubeconfigs of clusters that a provider made, or that were registered with them. */
export function credentialRoutes(app: FastifyInstance, deps: Deps): void {
  for (const credential of CREDENTIALS)
    app.post(`/subscriptions/:sub/resourceGroups/:group/providers/${CLUSTER_TYPE}/:name/${credential[0]}`, (request) =>
      list(deps, request, credential),
    );
}
