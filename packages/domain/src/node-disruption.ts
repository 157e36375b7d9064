import type { Instant } from "./brand.ts";
import type { ClusterProfile } from "./managed-cluster.ts";
import type { MaintenanceConfiguration, MaintenanceConfigurations } from "./maintenance-configuration.ts";
import { maintenanceState } from "./maintenance-window.ts";
import type { RolloutPolicy } from "./rollout-policy.ts";

/** What a cluster's owner says of disruptions of its nodes. */
export type NodeDisruptionRules = {
  readonly policy: ClusterProfile["nodeDisruptionPolicy"];
  readonly configurations: MaintenanceConfigurations;
};

/** Why no node may be started now. `until`: when it may be; absent where only somebody can change that. */
export type DisruptionHold = {
  readonly reason: "MaintenanceWindowClosed" | "NodeDisruptionBlocked";
  readonly message: string;
  readonly until: Instant | undefined;
};

type WindowPolicy = Pick<RolloutPolicy, "maintenance" | "minRemainingMinutes" | "preflightOverrides">;

/** The windows that count, and what they are called. */
export type CountingWindows = { readonly name: string; readonly configuration: MaintenanceConfiguration };

/**
 * The configuration whose windows count for nodes: the one for node images where there is one, else `default`, never the one for versions of
 * Kubernetes. Of a cluster that allows disruptions in windows only it is the first alone, and `Ignore` does not undo that. Pure.
 */
export function countingWindows(
  rules: NodeDisruptionRules,
  { maintenance }: Pick<RolloutPolicy, "maintenance">,
): CountingWindows | undefined {
  const { default: hours, aksManagedNodeOSUpgradeSchedule: nodeImages } = rules.configurations;
  if (nodeImages !== undefined && (maintenance !== "Ignore" || rules.policy === "AllowDuringMaintenanceWindow"))
    return { name: "aksManagedNodeOSUpgradeSchedule", configuration: nodeImages };
  return hours !== undefined && maintenance !== "Ignore" ? { name: "default", configuration: hours } : undefined;
}

/** Rules whose override, with its reason and end, also lets nodes be started: PF-051 outside of windows, PF-052 where the cluster's policy blocks. */
type DisruptionRule = "PF-051" | "PF-052";

function isOverridden({ preflightOverrides }: WindowPolicy, rule: DisruptionRule, now: Instant): boolean {
  return preflightOverrides.some(({ ruleId, expiresAt }) => ruleId === rule && now < Date.parse(expiresAt));
}

/**
 * Why no node of a cluster may be started at an instant, or nothing. A cluster without windows that count is open at any time, as AKS has it,
 * unless the policy requires one. Pure.
 */
export function whyNoDisruption(rules: NodeDisruptionRules, policy: WindowPolicy, now: Instant): DisruptionHold | undefined {
  if ((rules.policy === "Block" || rules.policy === "Unknown") && !isOverridden(policy, "PF-052", now)) {
    const says = rules.policy === "Block" ? "blocks disruptions of nodes" : "has a node disruption policy that is not known here";
    return { reason: "NodeDisruptionBlocked", message: `The cluster ${says} (nodeDisruptionProfile).`, until: undefined };
  }
  if (isOverridden(policy, "PF-051", now)) return undefined;
  const counting = countingWindows(rules, policy);
  if (counting === undefined) {
    if (policy.maintenance !== "Require") return undefined;
    const message = "The policy requires a maintenance window, and the cluster has none that counts for nodes.";
    return { reason: "MaintenanceWindowClosed", message, until: undefined };
  }
  const state = maintenanceState(counting.configuration, now, policy.minRemainingMinutes * 60_000);
  if (state.kind === "Open") return undefined;
  const { opensAt } = state;
  const when =
    opensAt === undefined ? "no window that is long enough opens within two years" : `the next opens at ${new Date(opensAt).toISOString()}`;
  const message = `No window of ${counting.name} is open for ${policy.minRemainingMinutes} more minutes; ${when}.`;
  return { reason: "MaintenanceWindowClosed", message, until: opensAt };
}
