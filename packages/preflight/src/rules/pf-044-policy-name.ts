import { blocks, failed, passed, skipped, unknown, type Rule } from "../rule.ts";

/** PF-044: the managed network policy's name is free, or ours. */
export const policyName: Rule = {
  id: "PF-044",
  title: "The network policy's name is free",
  severity: blocks,
  drivers: ["bundle", "cilium"],
  remedy: "Rename or delete CiliumClusterwideNetworkPolicy `block-azure-destinations`: it is somebody else's, and never overwritten.",
  check({ policyMode, managedPolicy }) {
    if (policyMode === "Off") return skipped("The policy is not managed.");
    if (!managedPolicy.known) return unknown(`The policy could not be read: ${managedPolicy.because}`);
    if (managedPolicy.value === "Unsupported") return skipped("There are no such policies.");
    return managedPolicy.value === "Fine"
      ? passed()
      : failed(
          "A policy of that name has neither our label nor a field of ours.",
          ["block-azure-destinations"],
          "CiliumClusterwideNetworkPolicy",
        );
  },
};
