import { failed, passed, unknown, warns, type Rule } from "../rule.ts";

/** PF-046: where AKS keeps pods from the metadata service by rules on the nodes, a network policy says the same. The managed one does. */
export const metadataRestriction: Rule = {
  id: "PF-046",
  title: "The metadata service stays out of pods' reach",
  severity: warns,
  drivers: ["bundle", "cilium"],
  remedy:
    "Set `rolloutPolicy.policyMode` to Correct or Warn, so that `block-azure-destinations` is there, or deny 169.254.169.254:80 with a policy of your own.",
  check({ profile, policyMode }) {
    if (profile.podLinkLocalAccess === "Unknown") return unknown("The resource names a `podLinkLocalAccess` that is not known here.");
    if (profile.podLinkLocalAccess === "IMDS" || policyMode !== "Off") return passed();
    return failed(
      "Rules on the nodes keep pods from it, which their packets will pass by, and the policy that stands for them is off.",
      ["podLinkLocalAccess"],
      "networkProfile.podLinkLocalAccess: None; policyMode: Off",
    );
  },
};
