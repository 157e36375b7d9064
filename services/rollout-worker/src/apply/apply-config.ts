import type { HostRoutingConfigSpec } from "@hostrouting/contracts";
import type { ClusterAccess } from "@hostrouting/kube";
import type { ConfigIntent } from "@hostrouting/rollout";

/** The specification of an intent; `emergencyOff` is not ours. Pure. */
export function configSpec(intent: ConfigIntent): Omit<HostRoutingConfigSpec, "emergencyOff"> {
  return {
    mode: intent.mode,
    generation: intent.generation,
    bundleDigest: intent.bundleDigest,
    network: { podCidrs: [...intent.podCidrs], serviceCidrs: [...intent.serviceCidrs] },
    rulesetVersion: intent.rulesetVersion,
  };
}

/** Writes HostRoutingConfig; `emergencyOff` stays as it is. */
export async function applyConfig(access: ClusterAccess, intent: ConfigIntent): Promise<void> {
  await access.applyConfig(configSpec(intent));
}
