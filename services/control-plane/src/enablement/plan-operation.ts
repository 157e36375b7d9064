import { isDeepStrictEqual } from "node:util";
import type { AccelerationMode, OperationControl, OperationKind, ProvisioningState } from "@hostrouting/domain";
import type { LockedCluster } from "@hostrouting/store";
import { asJsonObject, type JsonObject } from "./json-object.ts";

/** What a request begins, who does it, and whether the provider of the nodes is asked for something new. */
export type OperationPlan = {
  readonly kind: OperationKind;
  readonly provision?: NonNullable<OperationControl["provision"]>;
  readonly provisioningState: ProvisioningState;
  readonly asksProvider: boolean;
};

/** Members of a pool that its provider acts upon; all others are kept for whoever reads them. */
const PROVIDED = ["count", "mode", "nodeLabels", "nodeTaints"] as const;

function provided(properties: JsonObject): ReadonlyMap<string, JsonObject> {
  const pools: readonly unknown[] = Array.isArray(properties["agentPoolProfiles"]) ? properties["agentPoolProfiles"] : [];
  return new Map(
    pools.map(asJsonObject).map((pool) => {
      const members = PROVIDED.filter((name) => pool[name] !== undefined && pool[name] !== null).map((name) => [name, pool[name]]);
      return [String(pool["name"]).toLowerCase(), Object.fromEntries(members) as JsonObject];
    }),
  );
}

/** Whether the provider has something to do about pools. */
export function poolsDiffer(before: JsonObject, after: JsonObject): boolean {
  return !isDeepStrictEqual(provided(before), provided(after));
}

/**
 * What brings a cluster to `mode` and to its pools. A cluster that nobody made has no provider to wait for. One that is still to be made is made, whatever
 * was asked for before. "Off" waits for no provider: what that has still to do goes on beside it. Pure.
 */
export function planOperation(
  locked: LockedCluster,
  wish: { readonly mode: AccelerationMode; readonly poolsChange: boolean },
): OperationPlan {
  const { provisioning, cluster, last } = locked;
  const { mode, poolsChange } = wish;
  const isOn = mode === "BpfVeth";
  const kind = isOn ? "EnableHostRouting" : "DisableHostRouting";
  if (provisioning === undefined) return { kind, provisioningState: "Updating", asksProvider: false };
  if (provisioning.facts === undefined)
    return { kind: "CreateManagedCluster", provision: isOn ? "First" : "Alone", provisioningState: "Creating", asksProvider: true };
  const asksProvider = poolsChange || provisioning.phase !== "Settled" || !provisioning.present;
  const modeIsOwed = mode !== cluster.desiredMode || (last !== undefined && last.kind !== "UpdateAgentPools");
  if (asksProvider && !modeIsOwed) return { kind: "UpdateAgentPools", provision: "Alone", provisioningState: "Updating", asksProvider };
  return { kind, ...(asksProvider && isOn && { provision: "First" }), provisioningState: "Updating", asksProvider };
}
