import type { Admission, RolloutPolicy } from "@hostrouting/domain";
import { clusterProfile } from "@hostrouting/preflight";
import type { AzureLook, Bundle, ClusterSnapshot, EvictionRefusal } from "@hostrouting/rollout";
import type { ClusterLease, ClusterRound } from "@hostrouting/store";

/** What a round has read and seen. `isExhausted`: what failed so often is not tried again without somebody. */
export type RoundParts = {
  readonly read: ClusterRound;
  readonly admission: Admission | undefined;
  readonly lease: ClusterLease;
  readonly seen: Pick<ClusterSnapshot, "reach" | "preflight" | "standing" | "upgrade" | "managedPolicy"> &
    Partial<Pick<ClusterSnapshot, "preflightAnswers">>;
  readonly policy: RolloutPolicy;
  readonly bundle: Bundle;
  readonly isExhausted: boolean;
  readonly evictionRefusals: readonly EvictionRefusal[];
  readonly azure: AzureLook | undefined;
};

/** Puts together what one decision rests on. Pure. */
export function roundSnapshot(parts: RoundParts): ClusterSnapshot {
  const { read, lease, seen, policy, azure } = parts;
  const profile = clusterProfile(read.cluster.properties);
  return {
    cluster: read.cluster,
    operation: read.operation,
    records: read.nodes,
    previous: read.status,
    policy,
    bundle: parts.bundle,
    network: { podCidrs: profile.podCidrs, serviceCidrs: profile.serviceCidrs },
    token: lease.token,
    reach: seen.reach,
    preflight: seen.preflight,
    preflightAnswers: seen.preflightAnswers,
    admission: parts.admission,
    faults: read.faults && { ...read.faults, isExhausted: parts.isExhausted },
    standing: seen.standing,
    upgrade: seen.upgrade,
    disruption: { policy: profile.nodeDisruptionPolicy, configurations: read.maintenance },
    managedPolicy: seen.managedPolicy,
    evictionRefusals: parts.evictionRefusals,
    ...(azure !== undefined && { azure }),
  };
}
