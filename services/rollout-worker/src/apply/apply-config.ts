import type { ClusterAccess } from "@hostrouting/kube";
import type { ConfigIntent } from "@hostrouting/rollout";

/** Writes HostRoutingConfig; `emergencyOff` is not ours and stays as it is. */
export async function applyConfig(access: ClusterAccess, intent: ConfigIntent): Promise<void> {
  await access.applyConfig({
    mode: intent.mode,
    generation: intent.generation,
    bundleDigest: intent.bundleDigest,
    network: { podCidrs: [...intent.podCidrs], serviceCidrs: [...intent.serviceCidrs] },
    rulesetVersion: intent.rulesetVersion,
  });
}
