import type { ManagedCluster, OperationId } from "@hostrouting/domain";
import type { ClusterChange, LockedCluster } from "@hostrouting/store";
import { ArmError, armError } from "../arm/arm-error.ts";
import { whyNotPreconditions, type Preconditions } from "../arm/etags.ts";
import { withPoolDefaults } from "./cluster-defaults.ts";
import { busyError, decideSettings, underWay, type Change, type PutDecision } from "./decide-settings.ts";
import { asJsonObject, mergePatch, type JsonObject } from "./json-object.ts";
import { wholeProperties, type ClusterSettings } from "./merge-managed-cluster.ts";

/** A request for one pool of the cluster `name`. */
export type PoolRequest = Change & { readonly pool: string; readonly preconditions: Preconditions };

/** The cluster's pools as objects, in their order. */
export function poolsOf(cluster: Pick<ManagedCluster, "properties">): readonly JsonObject[] {
  const pools: unknown = cluster.properties["agentPoolProfiles"];
  return Array.isArray(pools) ? pools.map(asJsonObject) : [];
}

/** The pool of this name, in any letter case. */
export function findPool(cluster: Pick<ManagedCluster, "properties">, name: string): JsonObject | undefined {
  return poolsOf(cluster).find((pool) => String(pool["name"]).toLowerCase() === name.toLowerCase());
}

/** A pool has the cluster's etag until it was written on its own. */
export function poolEtag(cluster: Pick<ManagedCluster, "etag">, pool: JsonObject): string {
  return typeof pool["eTag"] === "string" ? pool["eTag"] : cluster.etag;
}

/** Whether a pool says that its nodes are stopped. */
export function isStopped(pool: JsonObject): boolean {
  return String(asJsonObject(pool["powerState"])["code"]).toLowerCase() === "stopped";
}

function withPools(cluster: ManagedCluster, agentPoolProfiles: readonly JsonObject[]): ClusterSettings {
  const { tags, envelope } = cluster;
  return { tags, envelope, properties: { ...wholeProperties(cluster.properties), agentPoolProfiles } };
}

const notFound = (name: string): { result: ArmError } => ({
  result: armError(404, "ResourceNotFound", `The managed cluster '${name}' was not found.`),
});

/** A PUT of a pool; `stops`: its body says that the pool is to be stopped. */
export type PoolWrite = PoolRequest & { readonly properties: JsonObject; readonly stops?: boolean };

/** What a PUT of a pool makes of its cluster under lock; `isNew`: there was no such pool. What the body leaves out is kept, or filled in as AKS does. */
export function decidePutPool(locked: LockedCluster | undefined, given: PoolWrite): PutDecision {
  if (locked === undefined) return notFound(given.name);
  const { cluster } = locked;
  const before = findPool(cluster, given.pool);
  const precondition = whyNotPreconditions(given.preconditions, before && poolEtag(cluster, before));
  if (precondition !== undefined) return { result: precondition };
  if (given.stops === true && (before === undefined || !isStopped(before))) {
    const message = `Agent pools are not stopped here; '${given.pool}' stays as it is. Scale it down, or delete it.`;
    return { result: new ArmError(400, { code: "OperationNotSupported", message, target: "properties.powerState" }) };
  }
  const { name: _name, ...wanted } = given.properties;
  const version = String(cluster.properties["kubernetesVersion"]);
  const pools =
    before === undefined
      ? [...poolsOf(cluster), withPoolDefaults({ ...wanted, name: given.pool }, version)]
      : poolsOf(cluster).map((pool) => (pool === before ? mergePatch(pool, wanted) : pool));
  const decision = decideSettings(locked, given, { settings: withPools(cluster, pools), pool: given.pool });
  if (before !== undefined || decision.result instanceof ArmError) return decision;
  return { ...decision, result: { ...decision.result, isNew: true } };
}

/** What a DELETE of a pool comes to; without an operation it is gone already. */
export type PoolDeletion = {
  readonly change?: ClusterChange;
  readonly result: { readonly operationId: OperationId | undefined; readonly cluster: ManagedCluster } | ArmError;
};

/** What a DELETE of a pool makes of its cluster under lock. The last one of mode System stays: without it a cluster cannot run. */
export function decideDeletePool(locked: LockedCluster | undefined, given: PoolRequest): PoolDeletion {
  if (locked === undefined) return notFound(given.name);
  const { cluster, provisioning } = locked;
  const pool = findPool(cluster, given.pool);
  if (pool === undefined) return { result: { operationId: undefined, cluster } };
  const precondition = whyNotPreconditions(given.preconditions, poolEtag(cluster, pool));
  if (precondition !== undefined) return { result: precondition };
  if (provisioning === undefined) {
    const message = `Cluster '${given.name}' was registered, and no provider here removes its nodes. Delete the pool where the cluster was made.`;
    return { result: new ArmError(400, { code: "PropertyChangeNotAllowed", message, target: "agentPoolProfiles" }) };
  }
  const active = underWay(locked);
  if (active !== undefined) return { result: busyError(active, given.name) };
  const left = poolsOf(cluster).filter((one) => one !== pool);
  if (!left.some((one) => String(one["mode"]).toLowerCase() === "system")) {
    const message = `Agent pool '${given.pool}' is the last of mode System and cannot be deleted. Add another one first, or delete the cluster.`;
    return { result: new ArmError(400, { code: "BadRequest", subcode: "LastSystemAgentPool", message, target: "agentPoolProfiles" }) };
  }
  return decideSettings(locked, given, { settings: withPools(cluster, left), pool: given.pool });
}
