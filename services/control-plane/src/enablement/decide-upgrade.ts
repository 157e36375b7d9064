import { isTerminal, type OperationId } from "@hostrouting/domain";
import { upgradeChange, type ClusterChange, type LockedCluster } from "@hostrouting/store";
import { armError, type ArmError } from "../arm/arm-error.ts";
import type { Principal } from "../arm/principal.ts";

/** A wish to bring every node to the newest bundle; the operation's id is given. */
export type UpgradeRequest = { readonly name: string; readonly principal: Principal; readonly operationId: OperationId };

/** What an upgrade changes, and the operation that brings it, or why not. */
export type UpgradeDecision = { readonly change?: ClusterChange; readonly result: { readonly operationId: OperationId } | ArmError };

/**
 * What a wish to upgrade makes of a cluster under lock: host routing is on and nothing is under way, or what ended last was an upgrade. One that is
 * under way already is the answer. Whether there is anything to bring the worker knows: with nothing to do the operation succeeds at once.
 */
export function decideUpgrade(locked: LockedCluster | undefined, { name, principal, operationId }: UpgradeRequest): UpgradeDecision {
  if (locked === undefined) return { result: armError(404, "ResourceNotFound", `The managed cluster '${name}' was not found.`) };
  const { cluster, last } = locked;
  const active = locked.active !== undefined && !isTerminal(locked.active.phase) ? locked.active : undefined;
  if (active?.kind === "UpgradeBundle" && active.phase !== "RollingBack") return { result: { operationId: active.id } };
  if (active !== undefined) {
    const message = `Operation ${active.kind} (${active.id}) is in phase ${active.phase} on managed cluster '${name}'. Upgrade when it has ended.`;
    return { result: armError(409, "OperationNotAllowed", message) };
  }
  const isOn = cluster.provisioningState === "Succeeded" || last?.kind === "UpgradeBundle" || last?.control.bundles !== undefined;
  if (cluster.desiredMode !== "BpfVeth" || !isOn) {
    const message = `Host routing is not on for managed cluster '${name}'. Set the acceleration mode to BpfVeth: its nodes get the newest bundle then.`;
    return { result: armError(409, "OperationNotAllowed", message) };
  }
  const { tenantId, objectId } = principal;
  return { change: upgradeChange(locked, { operationId, tenantId, objectId }), result: { operationId } };
}
