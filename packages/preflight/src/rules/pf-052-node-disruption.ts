import { anyDriver, blocks, failed, passed, unknown, type Rule } from "../rule.ts";

/** PF-052: the cluster's owner allows disruptions of its nodes. Maintenance windows are not read: where they decide, nobody knows. */
export const nodeDisruption: Rule = {
  id: "PF-052",
  title: "Node disruption policy",
  severity: blocks,
  drivers: anyDriver,
  remedy: "Set `nodeDisruptionProfile.nodeDisruptionPolicy` to Allow for the time of the rollout.",
  check({ profile }) {
    switch (profile.nodeDisruptionPolicy) {
      case "Allow":
        return passed();
      case "Block":
        return failed("It blocks disruptions of nodes.", ["nodeDisruptionProfile"], "nodeDisruptionPolicy: Block");
      case "AllowDuringMaintenanceWindow":
        return unknown(
          "It allows them in maintenance windows only, and those are not read here. Set it to Allow for the time of the rollout.",
        );
      case "Unknown":
        return unknown("The resource names a node disruption policy that is not known here.");
    }
  },
};
