import { anyDriver, failed, passed, unknown, type Rule } from "../rule.ts";

/** PF-022: the Istio add-on. The ruleset `seed-2024` blocks it; `ga-2026` permits it and warns. */
export const istioAddOn: Rule = {
  id: "PF-022",
  title: "Istio add-on",
  severity: (facts) => (facts.ruleset === "seed-2024" ? "Block" : "Warn"),
  drivers: anyDriver,
  remedy: "Disable the Istio add-on, or watch the probes of its workloads while the first nodes are switched.",
  check(facts) {
    switch (facts.profile.serviceMesh) {
      case "Disabled":
        return passed();
      case "Istio":
        return failed("The Istio add-on is enabled.", ["serviceMeshProfile"], "serviceMeshProfile.mode: Istio");
      case "Unknown":
        return unknown("The resource names a service mesh that is not known here.");
    }
  },
};
