import { productionPolicy, type HostRoutingWarning, type RolloutPolicy } from "@hostrouting/domain";
import type { ClusterSnapshot } from "../snapshot.ts";
import type { AnalysisLimits } from "./judge.ts";
import { KUBELET_PROBE_METRICS } from "./metrics.ts";

/**
 * What is analysed and what follows from it. `measured`: only these; all that can be where it is undefined. `required`: what an agent does not tell of these
 * says nothing, where of others it is left out.
 */
export type AnalysisWish = {
  readonly isEnforced: boolean;
  readonly measured: ReadonlySet<string> | undefined;
  readonly required: ReadonlySet<string>;
  readonly initialDelayMs: number;
  readonly intervalMs: number;
  readonly limits: AnalysisLimits;
};

type Wished = Pick<ClusterSnapshot, "policy" | "preflight" | "previous">;

/** The rule that lets the Istio add-on pass on condition that the kubelet's probes are watched. */
const ISTIO_RULE = "PF-022";
const NONE: ReadonlySet<string> = new Set();

/** Whether a warning of preflight's asks for the kubelet's probes whatever the policy says. */
function isForced({ preflight, previous }: Wished): boolean {
  const warnings: readonly Pick<HostRoutingWarning, "id">[] = preflight.kind === "Passed" ? preflight.warnings : (previous?.warnings ?? []);
  return warnings.some(({ id }) => id === ISTIO_RULE);
}

/** What the policy wants; undefined where nothing is analysed. Pure. */
export function analysisWish(snapshot: Wished): AnalysisWish | undefined {
  const { policy } = snapshot;
  const forced = isForced(snapshot);
  if (policy.analysisMode === "Off" && !forced) return undefined;
  return {
    isEnforced: policy.analysisMode === "Enforce" || forced,
    measured: forced && policy.analysisMode !== "Enforce" ? KUBELET_PROBE_METRICS : undefined,
    required: forced ? KUBELET_PROBE_METRICS : NONE,
    initialDelayMs: policy.analysisInitialDelayMs,
    intervalMs: policy.analysisIntervalMs,
    limits: policy,
  };
}

/**
 * The policy as it counts: where the kubelet's probes must be watched there is a canary of each kind, and it is watched no shorter and judged no milder than
 * production's defaults ask for. By the kubelet's own defaults a pod is not ready half a minute after its probe began to fail. Pure.
 */
export function policyInForce(snapshot: Wished): RolloutPolicy {
  const { policy } = snapshot;
  if (!isForced(snapshot)) return policy;
  const atLeast = (name: NumberOf): number => Math.max(policy[name], productionPolicy[name]);
  const atMost = (name: NumberOf): number => Math.min(policy[name], productionPolicy[name]);
  return {
    ...policy,
    canaryPerStratum: atLeast("canaryPerStratum"),
    analysisInitialDelayMs: atLeast("analysisInitialDelayMs"),
    analysisIntervalMs: atLeast("analysisIntervalMs"),
    analysisCount: atLeast("analysisCount"),
    analysisFailureLimit: atMost("analysisFailureLimit"),
    analysisInconclusiveLimit: atMost("analysisInconclusiveLimit"),
    analysisConsecutiveErrorLimit: atMost("analysisConsecutiveErrorLimit"),
  };
}

type NumberOf = "canaryPerStratum" | Exclude<keyof RolloutPolicy & `analysis${string}`, "analysisMode">;
