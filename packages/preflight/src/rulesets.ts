import type { RolloutPolicy } from "@hostrouting/domain";
import type { Severity } from "./rule.ts";

/** What may be combined with host routing, as it was published for a time. `from` and `until`: days, ISO 8601; undefined where nothing ends it. */
type Ruleset = {
  readonly from: string | undefined;
  readonly until: string | undefined;
  readonly istioAddOn: {
    readonly severity: Severity;
    /** What has to hold on the first nodes where it is permitted, compared with nodes that are still on the stack. */
    readonly canaryChecks: readonly string[];
  };
};

/**
 * The rulesets by their name. `seed-2024` is the page of the preview. `ga-2026` are the documents since the limit for the Istio add-on was taken out of them
 * (2026-04-08); the sentence that announced its support was withdrawn (2026-05-04), so it is permitted and not trusted.
 */
export const rulesets: Readonly<Record<RolloutPolicy["ruleset"], Ruleset>> = {
  "seed-2024": { from: undefined, until: "2026-04-08", istioAddOn: { severity: "Block", canaryChecks: [] } },
  "ga-2026": {
    from: "2026-04-08",
    until: undefined,
    istioAddOn: {
      severity: "Warn",
      canaryChecks: ["no more failures of the kubelet's probes", "no more pods that are not Ready"],
    },
  },
};
