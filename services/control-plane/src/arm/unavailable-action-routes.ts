import type { FastifyInstance } from "fastify";
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

/** The same of a pool. */
const POOL_ACTIONS: Readonly<Record<string, (pool: string) => string>> = {
  upgradeNodeImageVersion: (pool) =>
    `The node image of agent pool '${pool}' is not upgraded from here; its nodes keep the one that they were made with. Add a new pool, and delete this one.`,
  deleteMachines: (pool) =>
    `Single machines of agent pool '${pool}' are not deleted from here, and which ones a smaller count takes is not to be chosen. Scale the pool down, or delete it.`,
};

/** What `az aks stop`, `start`, `command invoke`, `rotate-certs`, `nodepool upgrade --node-image-only` and `delete-machines` ask for: 400 with what to do instead. */
export function unavailableActionRoutes(app: FastifyInstance, deps: Deps): void {
  const cluster = `/subscriptions/:sub/resourceGroups/:group/providers/${CLUSTER_TYPE}/:name`;
  for (const [action, say] of Object.entries(ACTIONS))
    app.post(`${cluster}/${action}`, async (request) => {
      throw armError(400, CODE, say((await findCluster(deps, request)).name));
    });
  for (const [action, say] of Object.entries(POOL_ACTIONS))
    app.post(`${cluster}/agentPools/:pool/${action}`, async (request) => {
      throw armError(400, CODE, say(String(poolAt(request, await findCluster(deps, request))["name"])));
    });
}
