import { anyDriver, blocks, failed, passed, unknown, type Rule } from "../rule.ts";

/**
 * PF-052: the cluster's owner allows disruptions of its nodes. Where they are allowed in maintenance windows only, the operation waits for one; that
 * a window comes at all is PF-051's.
 */
export const nodeDisruption: Rule = {
  id: "PF-052",
  title: "Node disruption policy",
  severity: blocks,
  drivers: anyDriver,
  remedy: "Set `nodeDisruptionProfile.nodeDisruptionPolicy` to Allow for the time of the rollout, or override it with a reason.",
  overridable: "AtPreflight",
  check({ profile }) {
    switch (profile.nodeDisruptionPolicy) {
      case "Allow":
      case "AllowDuringMaintenanceWindow":
        return passed();
      case "Block":
        return failed("It blocks disruptions of nodes.", ["nodeDisruptionProfile"], "nodeDisruptionPolicy: Block");
      case "Unknown":
        return unknown("The resource names a node disruption policy that is not known here.");
    }
  },
};
