import type { HostRoutingWarning } from "@hostrouting/domain";
import type { ClusterSnapshot } from "../snapshot.ts";
import type { AnalysisLimits } from "./judge.ts";
import { KUBELET_PROBE_METRICS } from "./metrics.ts";

/** What is analysed and what follows from it. `metrics`: only these, and then each must be measured; all that can be where it is undefined. */
export type AnalysisWish = {
  readonly isEnforced: boolean;
  readonly metrics: ReadonlySet<string> | undefined;
  readonly initialDelayMs: number;
  readonly intervalMs: number;
  readonly limits: AnalysisLimits;
};

/** The rule that lets the Istio add-on pass on condition that the kubelet's probes are watched. */
const ISTIO_RULE = "PF-022";

/** What the policy wants; undefined where nothing is analysed. A warning of preflight's can ask for the kubelet's probes whatever the policy says. Pure. */
export function analysisWish({
  policy,
  preflight,
  previous,
}: Pick<ClusterSnapshot, "policy" | "preflight" | "previous">): AnalysisWish | undefined {
  const warnings: readonly Pick<HostRoutingWarning, "id">[] = preflight.kind === "Passed" ? preflight.warnings : (previous?.warnings ?? []);
  const isForced = policy.analysisMode !== "Enforce" && warnings.some(({ id }) => id === ISTIO_RULE);
  if (policy.analysisMode === "Off" && !isForced) return undefined;
  return {
    isEnforced: policy.analysisMode === "Enforce" || isForced,
    metrics: isForced ? KUBELET_PROBE_METRICS : undefined,
    initialDelayMs: policy.analysisInitialDelayMs,
    intervalMs: policy.analysisIntervalMs,
    limits: policy,
  };
}
