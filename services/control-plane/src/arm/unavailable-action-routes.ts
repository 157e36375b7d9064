import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Deps } from "../deps.ts";
import { poolAt } from "./agent-pool-routes.ts";
import { armError } from "./arm-error.ts";
import { findCluster } from "./managed-cluster-routes.ts";
import { CLUSTER_TYPE } from "./resource-ids.ts";

/** Actions of AKS that clients know and that nobody here can do, with what to do instead. */
const ACTIONS: Readonly<Record<string, (cluster: string) => string>> = {
  stop: (cluster) =>
    `Clusters are not stopped here; '${cluster}' goes on running. Delete it, or scale its pools down, to have less of it. ` +
    "A rollout of host routing is held by 'pause' of hostRoutings/default.",
  start: (cluster) => `Clusters are neither stopped nor started here; '${cluster}' was not stopped by this installation.`,
  runCommand: (cluster) =>
    `Commands are not run in clusters from here. Get the kubeconfig of '${cluster}' (listClusterUserCredential), and use kubectl.`,
  rotateClusterCertificates: (cluster) =>
    `Certificates of '${cluster}' are not renewed from here. Renew them where the cluster was made, or make it anew.`,
};

/** The code of all of them. */
const CODE = "OperationNotSupported";

async function refusePool(deps: Deps, request: FastifyRequest): Promise<never> {
  const cluster = await findCluster(deps, request);
  const { name } = poolAt(request, cluster);
  const message = `The node image of agent pool '${String(name)}' is not upgraded from here; its nodes keep the one that they were made with. Add a new pool, and delete this one.`;
  throw armError(400, CODE, message);
}

/** What `az aks stop`, `start`, `command invoke`, `rotate-certs` and `nodepool upgrade --node-image-only` ask for: 400 with what to do instead. */
export function unavailableActionRoutes(app: FastifyInstance, deps: Deps): void {
  const cluster = `/subscriptions/:sub/resourceGroups/:group/providers/${CLUSTER_TYPE}/:name`;
  for (const [action, say] of Object.entries(ACTIONS))
    app.post(`${cluster}/${action}`, async (request) => {
      throw armError(400, CODE, say((await findCluster(deps, request)).name));
    });
  app.post(`${cluster}/agentPools/:pool/upgradeNodeImageVersion`, (request) => refusePool(deps, request));
}
