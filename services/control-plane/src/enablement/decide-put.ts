import { isDeepStrictEqual } from "node:util";
import { isTerminal, type AccelerationMode, type ManagedCluster, type Operation, type OperationId } from "@hostrouting/domain";
import type { ManagedClusterRequest } from "@hostrouting/contracts";
import { clusterProfile } from "@hostrouting/preflight";
import type { ClusterChange, HistoryEntry, LockedCluster } from "@hostrouting/store";
import { ArmError, armError, manyFaults, type ArmFault } from "../arm/arm-error.ts";
import { whyNotPreconditions, type Preconditions } from "../arm/etags.ts";
import type { Principal } from "../arm/principal.ts";
import { locationKey } from "../arm/resource-ids.ts";
import type { ClusterConverter } from "../versions/cluster-converter.ts";
import { admissionFaults } from "./admission.ts";
import { fixedMemberFaults } from "./fixed-members.ts";
import { withoutShownIdentity } from "./managed-identity.ts";
import { mergeManagedCluster, wholeProperties, type ClusterSettings } from "./merge-managed-cluster.ts";
import { sizeFaults } from "./resource-size.ts";
import { tagFaults } from "./tag-faults.ts";

/** A PUT with all that it needs from outside: ids and time are given, so that the decision is a function. */
export type PutRequest = {
  readonly name: string;
  readonly request: ManagedClusterRequest;
  /** Of the request's api-version. */
  readonly converter: ClusterConverter;
  /** `provisioningState` in the body, which clients cannot set: one that is not the cluster's is refused (ARM RPC). */
  readonly claimedState: string | undefined;
  readonly preconditions: Preconditions;
  readonly principal: Principal;
  /** For the operation, should one begin. */
  readonly operationId: OperationId;
  /** For the cluster, should it change. */
  readonly etag: string;
  /** ISO 8601, UTC. */
  readonly now: string;
};

/** The cluster after an accepted PUT, and the operation that a client can follow (begun now, or found under way). */
export type PutAccepted = { readonly cluster: ManagedCluster; readonly operationId: OperationId | undefined };
export type PutDecision = { readonly change?: ClusterChange; readonly result: PutAccepted | ArmError };

/** What a request would change, and what is under way. */
type Wish = {
  readonly put: PutRequest;
  readonly cluster: ManagedCluster;
  readonly active: Operation | undefined;
  readonly settings: ClusterSettings;
  readonly mode: AccelerationMode;
  readonly tagsChange: boolean;
  readonly othersChange: boolean;
};

const refuse = (error: ArmError): PutDecision => ({ result: error });

function refuseFaults(faults: readonly ArmFault[]): PutDecision | undefined {
  const [first, ...others] = faults;
  return first && refuse(new ArmError(400, manyFaults([first, ...others])));
}

function refuseAbsent(put: PutRequest): PutDecision {
  const precondition = whyNotPreconditions(put.preconditions, undefined);
  if (precondition !== undefined) return refuse(precondition);
  if (put.request.location === undefined)
    return refuse(
      new ArmError(400, {
        code: "LocationRequired",
        message: "The location property is required for this definition.",
        target: "location",
      }),
    );
  const message = `There is no managed cluster '${put.name}', and this installation does not create clusters. Use the name of one that it manages.`;
  return refuse(new ArmError(400, { code: "BadRequest", message, target: "name" }));
}

function toWish(locked: LockedCluster, put: PutRequest): Wish {
  const { cluster } = locked;
  const active = locked.active !== undefined && !isTerminal(locked.active.phase) ? locked.active : undefined;
  const merged = mergeManagedCluster(cluster, put.converter.readPut(put.request, cluster.properties));
  const settings = { ...merged, properties: withoutShownIdentity(cluster, merged.properties) };
  return {
    put,
    cluster,
    active,
    settings,
    mode: clusterProfile(settings.properties).advancedNetworking.performance.accelerationMode,
    tagsChange: !isDeepStrictEqual(settings.tags, cluster.tags),
    othersChange:
      !isDeepStrictEqual(settings.envelope, cluster.envelope) ||
      !isDeepStrictEqual(settings.properties, wholeProperties(cluster.properties)),
  };
}

/** The cluster with what a request sets; etag and "last modified" tell of the change. */
function changed(wish: Wish, more: Partial<ManagedCluster>): ManagedCluster {
  const { cluster, settings, put } = wish;
  const systemData = {
    ...cluster.systemData,
    lastModifiedBy: put.principal.name,
    lastModifiedByType: put.principal.type,
    lastModifiedAt: put.now,
  };
  return { ...cluster, ...settings, etag: put.etag, systemData, ...more };
}

function accept(wish: Wish, more: Partial<ManagedCluster>): PutDecision {
  const cluster = changed(wish, more);
  const history = [{ kind: "ClusterChanged", data: { generation: cluster.generation, by: wish.put.principal.objectId } }];
  return { change: { cluster, history }, result: { cluster, operationId: wish.active?.id } };
}

const unchanged = (wish: Wish): PutDecision => ({ result: { cluster: wish.cluster, operationId: wish.active?.id } });

/** Begins the operation that brings the cluster to the mode asked for; one that goes the other way ends now, as superseded. */
function begin(wish: Wish): PutDecision {
  const { put, mode, active } = wish;
  const cluster = changed(wish, {
    desiredMode: mode,
    generation: wish.cluster.generation + 1,
    provisioningState: "Updating",
    activeOperationId: put.operationId,
  });
  const kind = mode === "BpfVeth" ? ("EnableHostRouting" as const) : ("DisableHostRouting" as const);
  const { tenantId, objectId } = put.principal;
  const superseded = active && {
    operationId: active.id,
    error: { code: "Superseded", message: `Canceled because operation ${put.operationId} set the acceleration mode to ${mode}.` },
  };
  const history: HistoryEntry[] = [
    ...(superseded ? [{ kind: "OperationSuperseded", data: { operationId: superseded.operationId, by: put.operationId } }] : []),
    { kind: "OperationAccepted", data: { operationId: put.operationId, kind, generation: cluster.generation, by: objectId } },
  ];
  const change: ClusterChange = {
    cluster,
    ...(superseded && { supersede: superseded }),
    begin: { id: put.operationId, kind, mode, generation: cluster.generation, tenantId, objectId },
    history,
  };
  return { change, result: { cluster, operationId: put.operationId } };
}

function refuseBusy(active: Operation, name: string): PutDecision {
  const message =
    `Operation ${active.kind} (${active.id}) is in phase ${active.phase} on managed cluster '${name}'. ` +
    "Until it has ended, only its mode can be reversed and tags can be changed. Wait for it, or cancel it at hostRoutings/default/cancel.";
  return refuse(armError(409, "OperationNotAllowed", message));
}

/** What this request breaks that could be put right only by asking for something else; contradictions in what is asked for come first. */
function refuseInvalid(wish: Wish): PutDecision | undefined {
  const { properties } = wish.settings;
  return refuseFaults(admissionFaults(properties)) ?? refuseFaults(fixedMemberFaults(wholeProperties(wish.cluster.properties), properties));
}

/**
 * What a PUT makes of a cluster under lock. In order: does it exist, preconditions, location, tags, conflict, admission, effect.
 *
 * While an operation is under way, the reverse of its mode supersedes it ("off" must never be refused), an equal request and changed tags are
 * accepted and point at it, and everything else is 409. Otherwise: a new mode, or any request after a failed or canceled operation, begins
 * an operation; other changes are stored at once; a request that changes nothing leaves even the etag as it was.
 */
export function decidePut(locked: LockedCluster | undefined, put: PutRequest): PutDecision {
  if (locked === undefined) return refuseAbsent(put);
  const precondition = whyNotPreconditions(put.preconditions, locked.cluster.etag);
  if (precondition !== undefined) return refuse(precondition);
  const { location } = put.request;
  if (location !== undefined && locationKey(location) !== locationKey(locked.cluster.location)) {
    const message = `The resource '${put.name}' exists in location '${locked.cluster.location}' and cannot move to '${location}'.`;
    return refuse(new ArmError(409, { code: "InvalidResourceLocation", message, target: "location" }));
  }
  if (put.claimedState !== undefined && put.claimedState !== locked.cluster.provisioningState) {
    const message = `provisioningState is '${locked.cluster.provisioningState}' and cannot be set to '${put.claimedState}'. Leave it out.`;
    return refuse(new ArmError(400, { code: "InvalidRequestContent", message, target: "provisioningState" }));
  }
  const wish = toWish(locked, put);
  const limits = refuseFaults([...tagFaults(wish.settings.tags), ...sizeFaults(wish.settings)]);
  if (limits !== undefined) return limits;
  const sameMode = wish.mode === (wish.active?.mode ?? wish.cluster.desiredMode);
  if (wish.active !== undefined && sameMode) {
    if (wish.othersChange) return refuseBusy(wish.active, put.name);
    return wish.tagsChange ? accept(wish, {}) : unchanged(wish);
  }
  const begins = !sameMode || wish.cluster.provisioningState !== "Succeeded";
  const invalid = begins || wish.othersChange ? refuseInvalid(wish) : undefined;
  if (invalid !== undefined) return invalid;
  if (begins) return begin(wish);
  if (wish.othersChange) return accept(wish, { generation: wish.cluster.generation + 1 });
  return wish.tagsChange ? accept(wish, {}) : unchanged(wish);
}
