import { anyDriver, blocks, failed, passed, unknown, type Rule } from "../rule.ts";

/** PF-010: Advanced Container Networking Services are on. */
export const advancedNetworking: Rule = {
  id: "PF-010",
  title: "Advanced Container Networking Services",
  severity: blocks,
  drivers: anyDriver,
  remedy: "Set `networkProfile.advancedNetworking.enabled: true` in the same or an earlier request.",
  check(facts) {
    if (facts.profile.networkPlugin === "") return unknown("The resource has no network profile.");
    if (facts.profile.advancedNetworking.enabled) return passed();
    return failed("They are off.", ["advancedNetworking"], "advancedNetworking.enabled: false");
  },
};
