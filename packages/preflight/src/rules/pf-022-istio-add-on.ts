import { anyDriver, failed, passed, unknown, type Rule } from "../rule.ts";
import { rulesets } from "../rulesets.ts";

/** PF-022: the Istio add-on. What it means is the ruleset's: `seed-2024` blocks it, `ga-2026` permits it and names what has to hold on the first nodes. */
export const istioAddOn: Rule = {
  id: "PF-022",
  title: "Istio add-on",
  severity: ({ ruleset }) => rulesets[ruleset].istioAddOn.severity,
  drivers: anyDriver,
  remedy:
    "Disable the Istio add-on, or go on: pods that stop being ready on the first nodes send these back to the stack, whatever `rolloutPolicy.analysisMode` says.",
  check({ profile, ruleset }) {
    switch (profile.serviceMesh) {
      case "Disabled":
        return passed();
      case "Istio": {
        const { canaryChecks } = rulesets[ruleset].istioAddOn;
        const asked = canaryChecks.length === 0 ? "" : ` On the first nodes, beside others, there must be ${canaryChecks.join(" and ")}.`;
        return failed(`The Istio add-on is enabled.${asked}`, ["serviceMeshProfile"], `serviceMeshProfile.mode: Istio; ruleset ${ruleset}`);
      }
      case "Unknown":
        return unknown("The resource names a service mesh that is not known here.");
    }
  },
};
