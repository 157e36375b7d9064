import { isTerminal, type Operation, type OperationControl, type OperationId } from "@hostrouting/domain";
import type { ClusterChange, HistoryEntry, LockedCluster } from "@hostrouting/store";
import { armError, type ArmError } from "../arm/arm-error.ts";
import type { Principal } from "../arm/principal.ts";
import { refuseVerb } from "./decide-verb.ts";
import { mergePatch } from "./json-object.ts";
import { wholeProperties } from "./merge-managed-cluster.ts";

/** A wish to take back what was switched on; ids and time are given, as for a PUT. */
export type RollbackRequest = {
  readonly name: string;
  readonly principal: Principal;
  /** For the operation, should one begin. */
  readonly operationId: OperationId;
  /** For the cluster, should it change. */
  readonly etag: string;
  /** ISO 8601, UTC. */
  readonly now: string;
};

/** What a rollback changes, and the operation that takes back, or why not. */
export type RollbackDecision = { readonly change?: ClusterChange; readonly result: { readonly operationId: OperationId } | ArmError };

/** The mode that the cluster had before anybody switched it on, in the resource too: the next template would else ask for what was just taken back. */
const OFF = { networkProfile: { advancedNetworking: { performance: { accelerationMode: "None" } } } };

/**
 * What a rollback makes of a cluster under lock: of a switching on or an upgrade that is paused, that soaks at its end, or that has failed, an operation that takes
 * back begins; of a rollback that has failed another one. One that is under way already is the answer; everywhere else 409 with what is allowed.
 */
export function decideRollback(locked: LockedCluster | undefined, request: RollbackRequest): RollbackDecision {
  const { name } = request;
  if (locked === undefined) return { result: armError(404, "ResourceNotFound", `The managed cluster '${name}' was not found.`) };
  const active = locked.active !== undefined && !isTerminal(locked.active.phase) ? locked.active : undefined;
  if (active === undefined)
    return locked.last !== undefined && mayFollow(locked.last) ? begin(locked, locked.last, request) : { result: refuseSettled(name) };
  if (active.kind === "RollbackHostRouting" || active.phase === "RollingBack") return { result: { operationId: active.id } };
  const refusal = refuseVerb(active, "rollback", name);
  return refusal === undefined ? begin(locked, active, request) : { result: refusal };
}

function mayFollow(last: Operation): boolean {
  return last.phase === "Failed" && last.kind !== "DisableHostRouting";
}

/** From which bundle to which a rollback of this operation goes; a rollback that goes on has the same way. */
function bundlesBack({ kind, control }: Operation): OperationControl {
  const { bundles } = control;
  if (bundles === undefined) return {};
  return { bundles: kind === "RollbackHostRouting" ? bundles : { from: bundles.to, to: bundles.from } };
}

function refuseSettled(name: string): ArmError {
  const message =
    `Nothing can be rolled back on managed cluster '${name}': no switching on or upgrade is paused, soaks at its end (phase Finishing) or was ` +
    "the last operation and failed. To switch host routing off, set the acceleration mode to None.";
  return armError(409, "OperationNotAllowed", message);
}

function begin({ cluster, active }: LockedCluster, of: Operation, request: RollbackRequest): RollbackDecision {
  const { principal, operationId, etag, now } = request;
  const { tenantId, objectId } = principal;
  const generation = cluster.generation + 1;
  const superseded = active && {
    operationId: active.id,
    error: { code: "Superseded", message: `Canceled because operation ${operationId} rolls it back.` },
  };
  const history: HistoryEntry[] = [
    ...(superseded ? [{ kind: "OperationSuperseded", data: { operationId: superseded.operationId, by: operationId } }] : []),
    { kind: "OperationAccepted", data: { operationId, kind: "RollbackHostRouting", generation, by: objectId } },
  ];
  const control = bundlesBack(of);
  const mode = control.bundles === undefined ? ("None" as const) : cluster.desiredMode;
  const change: ClusterChange = {
    cluster: {
      ...cluster,
      ...(mode === "None" && { properties: mergePatch(wholeProperties(cluster.properties), OFF), desiredMode: mode }),
      generation,
      provisioningState: "Updating",
      activeOperationId: operationId,
      etag,
      systemData: { ...cluster.systemData, lastModifiedBy: principal.name, lastModifiedByType: principal.type, lastModifiedAt: now },
    },
    ...(superseded && { supersede: superseded }),
    begin: { id: operationId, kind: "RollbackHostRouting", mode, generation, tenantId, objectId, control },
    history,
  };
  return { change, result: { operationId } };
}
