import type { Driver, RolloutPolicy } from "@hostrouting/domain";
import { MANIFEST_MANAGER } from "@hostrouting/kube";
import {
  azureDestinationsPolicy,
  judgePolicy,
  type PolicyAttempt,
  type PolicyJudgement,
  type PolicyObservation,
} from "@hostrouting/policy";
import type { ClusterRound } from "@hostrouting/store";

/** Drivers under which the policy is ours to keep; AKS keeps its own. */
const DRIVERS: ReadonlySet<Driver> = new Set(["bundle", "cilium"]);

/** Judges the policy that stands for AKS' own rules, over what the round before recorded of it; undefined where it is not ours to keep. */
export function judgeManagedPolicy(
  observed: PolicyObservation,
  given: { readonly read: ClusterRound; readonly policy: RolloutPolicy; readonly attempt: PolicyAttempt },
): PolicyJudgement | undefined {
  const { read, policy, attempt } = given;
  if (!DRIVERS.has(read.cluster.driver)) return undefined;
  return judgePolicy({
    desired: azureDestinationsPolicy,
    observed,
    mode: policy.policyMode,
    manager: MANIFEST_MANAGER,
    previous: read.status?.policy,
    attempt,
    now: read.now,
  });
}
