import { isDeepStrictEqual } from "node:util";
import { isTerminal, type AccelerationMode, type ManagedCluster, type Operation, type OperationId } from "@hostrouting/domain";
import { clusterProfile } from "@hostrouting/preflight";
import type { ClusterChange, HistoryEntry, LockedCluster } from "@hostrouting/store";
import { ArmError, armError, manyFaults, type ArmFault } from "../arm/arm-error.ts";
import type { Principal } from "../arm/principal.ts";
import { admissionFaults } from "./admission.ts";
import { fixedMemberFaults } from "./fixed-members.ts";
import { withoutShownIdentity } from "./managed-identity.ts";
import { wholeProperties, type ClusterSettings } from "./merge-managed-cluster.ts";
import { planOperation, poolsDiffer } from "./plan-operation.ts";
import { poolFaults } from "./pool-faults.ts";
import { sizeFaults } from "./resource-size.ts";
import { tagFaults } from "./tag-faults.ts";

/** Who changes a cluster, with all that a change needs from outside: ids and time are given, so that decisions are functions. */
export type Change = {
  readonly name: string;
  readonly principal: Principal;
  /** For the operation, should one begin. */
  readonly operationId: OperationId;
  /** For the cluster (or the pool that is written), should it change. */
  readonly etag: string;
  /** ISO 8601, UTC. */
  readonly now: string;
};

/** The cluster after an accepted request, and the operation that a client can follow (begun now, or found under way). `isNew`: it was made by this. */
export type PutAccepted = { readonly cluster: ManagedCluster; readonly operationId: OperationId | undefined; readonly isNew?: boolean };
export type PutDecision = { readonly change?: ClusterChange; readonly result: PutAccepted | ArmError };

/** What a request would change, and what is under way. */
type Wish = {
  readonly given: Change;
  readonly locked: LockedCluster;
  readonly cluster: ManagedCluster;
  readonly active: Operation | undefined;
  readonly settings: ClusterSettings;
  readonly mode: AccelerationMode;
  readonly tagsChange: boolean;
  readonly othersChange: boolean;
  readonly poolsChange: boolean;
  /** The pool that is written alone: then the cluster's etag stays, and so do those of the others. */
  readonly pool: string | undefined;
};

const refuse = (error: ArmError): PutDecision => ({ result: error });

/** The refusal of a request with these faults; nothing when there are none. */
export function refuseFaults(faults: readonly ArmFault[]): { readonly result: ArmError } | undefined {
  const [first, ...others] = faults;
  return first && { result: new ArmError(400, manyFaults([first, ...others])) };
}

/** The operation of a cluster under lock that has not ended. */
export function underWay({ active }: LockedCluster): Operation | undefined {
  return active !== undefined && !isTerminal(active.phase) ? active : undefined;
}

function toWish(locked: LockedCluster, given: Change, asked: { settings: ClusterSettings; pool: string | undefined }): Wish {
  const { cluster } = locked;
  const { pool } = asked;
  const settings = { ...asked.settings, properties: withoutShownIdentity(cluster, asked.settings.properties) };
  return {
    given,
    locked,
    cluster,
    active: underWay(locked),
    settings,
    mode: clusterProfile(settings.properties).advancedNetworking.performance.accelerationMode,
    tagsChange: !isDeepStrictEqual(settings.tags, cluster.tags),
    othersChange:
      !isDeepStrictEqual(settings.envelope, cluster.envelope) ||
      !isDeepStrictEqual(settings.properties, wholeProperties(cluster.properties)),
    poolsChange: locked.provisioning !== undefined && poolsDiffer(cluster.properties, settings.properties),
    pool,
  };
}

/** A write of the cluster changes the etag of each of its pools too: none has one of its own then. */
function withPoolTags({ settings, pool, given }: Wish): ClusterSettings["properties"] {
  const pools: readonly unknown[] = Array.isArray(settings.properties["agentPoolProfiles"]) ? settings.properties["agentPoolProfiles"] : [];
  const agentPoolProfiles = (pools as readonly Readonly<Record<string, unknown>>[]).map(({ eTag, ...rest }) => {
    if (pool === undefined) return rest;
    if (String(rest["name"]).toLowerCase() === pool.toLowerCase()) return { ...rest, eTag: given.etag };
    return eTag === undefined ? rest : { ...rest, eTag };
  });
  return { ...settings.properties, agentPoolProfiles };
}

/** The cluster with what a request sets; etag and "last modified" tell of the change. */
function changed(wish: Wish, more: Partial<ManagedCluster>): ManagedCluster {
  const { cluster, settings, given } = wish;
  const systemData = {
    ...cluster.systemData,
    lastModifiedBy: given.principal.name,
    lastModifiedByType: given.principal.type,
    lastModifiedAt: given.now,
  };
  const etag = wish.pool === undefined ? given.etag : cluster.etag;
  return { ...cluster, ...settings, properties: withPoolTags(wish), etag, systemData, ...more };
}

function accept(wish: Wish, more: Partial<ManagedCluster>): PutDecision {
  const cluster = changed(wish, more);
  const history = [{ kind: "ClusterChanged", data: { generation: cluster.generation, by: wish.given.principal.objectId } }];
  return { change: { cluster, history }, result: { cluster, operationId: wish.active?.id } };
}

const unchanged = (wish: Wish): PutDecision => ({ result: { cluster: wish.cluster, operationId: wish.active?.id } });

/** Begins the operation that brings the cluster to what is asked for; one that goes the other way ends now, as superseded. */
function begin(wish: Wish): PutDecision {
  const { given, mode, active, locked, poolsChange } = wish;
  const { operationId } = given;
  const plan = planOperation(locked, { mode, poolsChange });
  const generation = wish.cluster.generation + 1;
  const { provisioningState, kind, asksProvider } = plan;
  const cluster = changed(wish, { desiredMode: mode, generation, provisioningState, activeOperationId: operationId });
  const { tenantId, objectId } = given.principal;
  const superseded = active && {
    operationId: active.id,
    error: { code: "Superseded", message: `Canceled because operation ${operationId} set the acceleration mode to ${mode}.` },
  };
  const history: HistoryEntry[] = [
    ...(superseded ? [{ kind: "OperationSuperseded", data: { operationId: superseded.operationId, by: operationId } }] : []),
    { kind: "OperationAccepted", data: { operationId, kind, generation, by: objectId } },
  ];
  const control = plan.provision === undefined ? {} : { control: { provision: plan.provision } };
  const change: ClusterChange = {
    cluster,
    begin: { id: operationId, kind, mode, generation, tenantId, objectId, ...control },
    ...(asksProvider && { provision: { provider: cluster.provider, present: true, generation } }),
    history,
    ...(superseded && { supersede: superseded }),
  };
  return { change, result: { cluster, operationId } };
}

/** 409 for whatever cannot be done beside the operation that is under way. */
export function busyError(active: Operation, name: string): ArmError {
  const message =
    `Operation ${active.kind} (${active.id}) is in phase ${active.phase} on managed cluster '${name}'. ` +
    (active.kind === "DeleteManagedCluster"
      ? "It is being deleted, and can only be read until it is gone."
      : "Until it has ended, only its mode can be reversed and tags can be changed. Wait for it, or cancel it at hostRoutings/default/cancel.");
  return armError(409, "OperationNotAllowed", message);
}

/** What this request breaks that could be put right only by asking for something else; contradictions in what is asked for come first. */
function refuseInvalid({ settings, cluster, locked }: Wish): PutDecision | undefined {
  const { properties } = settings;
  const before = wholeProperties(cluster.properties);
  const isMade = locked.provisioning !== undefined;
  return (
    refuseFaults(admissionFaults(properties)) ??
    refuseFaults([...fixedMemberFaults(before, properties, isMade), ...(isMade ? poolFaults(properties, cluster.provider, before) : [])])
  );
}

/**
 * What new settings make of a cluster under lock. In order: tags, conflict, admission, effect.
 *
 * While an operation is under way, the reverse of its mode supersedes it ("off" must never be refused), an equal request and changed tags are
 * accepted and point at it, and everything else is 409; so is everything while it is being deleted. Otherwise: a new mode, other pools of a cluster
 * that a provider made, or any request after a failed or canceled operation, begins an operation; other changes are stored at once; a request that
 * changes nothing leaves even the etag as it was.
 * `pool`: the pool that is written alone, by its name.
 */
export function decideSettings(
  locked: LockedCluster,
  given: Change,
  { settings, pool }: { readonly settings: ClusterSettings; readonly pool?: string },
): PutDecision {
  const wish = toWish(locked, given, { settings, pool });
  const limits = refuseFaults([...tagFaults(wish.settings.tags), ...sizeFaults(wish.settings)]);
  if (limits !== undefined) return limits;
  if (wish.active?.kind === "DeleteManagedCluster") return refuse(busyError(wish.active, given.name));
  const sameMode = wish.mode === (wish.active?.mode ?? wish.cluster.desiredMode);
  if (wish.active !== undefined && sameMode) {
    if (wish.othersChange) return refuse(busyError(wish.active, given.name));
    return wish.tagsChange ? accept(wish, {}) : unchanged(wish);
  }
  const begins = !sameMode || wish.poolsChange || wish.cluster.provisioningState !== "Succeeded";
  const invalid = begins || wish.othersChange ? refuseInvalid(wish) : undefined;
  if (invalid !== undefined) return invalid;
  if (begins) return begin(wish);
  if (wish.othersChange) return accept(wish, { generation: wish.cluster.generation + 1 });
  return wish.tagsChange ? accept(wish, {}) : unchanged(wish);
}
