import { open } from "node:fs/promises";
import type { FastifyInstance, FastifyRequest } from "fastify";
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

/** The control plane reads what the provider wrote, and asks no cluster for it. @throws ArmError 409 where there is none */
async function list(deps: Deps, request: FastifyRequest, [, name, whose]: (typeof CREDENTIALS)[number]): Promise<unknown> {
  const cluster = await findCluster(deps, request);
  const provisioning = await deps.store().provisioning.get(cluster.id);
  if (provisioning === undefined) {
    const message = `Cluster '${cluster.name}' was registered; its credentials are with whoever made it. Ask there for a kubeconfig.`;
    throw armError(409, "CredentialsNotAvailable", message);
  }
  const { facts } = provisioning;
  if (facts === undefined)
    throw armError(409, "CredentialsNotAvailable", `Cluster '${cluster.name}' is not made yet. Wait for its operation, and ask again.`);
  try {
    return { kubeconfigs: [{ name, value: (await readKubeconfig(facts.credentials[whose])).toString("base64") }] };
  } catch (error) {
    deps.logger.warn({ err: error, clusterId: cluster.id }, "a kubeconfig could not be read");
    const message = `The kubeconfig of cluster '${cluster.name}' cannot be read here just now. Its provider may be making it anew; ask again.`;
    throw armError(409, "CredentialsNotAvailable", message);
  }
}

/** Kubeconfigs of clusters that a provider made. */
export function credentialRoutes(app: FastifyInstance, deps: Deps): void {
  for (const credential of CREDENTIALS)
    app.post(`/subscriptions/:sub/resourceGroups/:group/providers/${CLUSTER_TYPE}/:name/${credential[0]}`, (request) =>
      list(deps, request, credential),
    );
}
