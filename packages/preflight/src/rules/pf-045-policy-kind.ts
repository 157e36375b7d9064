import { blocks, failed, passed, skipped, unknown, type Rule } from "../rule.ts";

/** PF-045: the cluster knows the policies that stand for the nodes' own rules. */
export const policyKind: Rule = {
  id: "PF-045",
  title: "Clusterwide network policies",
  severity: blocks,
  drivers: ["bundle", "cilium"],
  remedy:
    "Install Cilium's definition of CiliumClusterwideNetworkPolicy (1.16 or newer), or set `rolloutPolicy.policyMode` to Off and deny the addresses yourself.",
  check({ policyMode, managedPolicy }) {
    if (policyMode === "Off") return skipped("The policy is not managed.");
    if (!managedPolicy.known) return unknown(`The policy could not be read: ${managedPolicy.because}`);
    return managedPolicy.value === "Unsupported"
      ? failed("The API server knows no CiliumClusterwideNetworkPolicy.", ["ciliumclusterwidenetworkpolicies.cilium.io"], "cilium.io/v2")
      : passed();
  },
};
