import { parseMinorVersion, type MinorVersion } from "@hostrouting/preflight";
import type { ArmFault } from "../arm/arm-error.ts";
import type { KubernetesRelease } from "./cluster-defaults.ts";
import type { JsonObject } from "./json-object.ts";

/** Kubernetes' own rule, which AKS follows: a kubelet is at most three minor versions older than the API server, and never newer. */
const OLDER_MINORS_MAX = 3;

function whyNotBeside(pool: MinorVersion, controlPlane: MinorVersion): string | undefined {
  if (pool.major !== controlPlane.major) return "they must have the same major version";
  if (pool.minor > controlPlane.minor) return "a pool cannot be newer than its control plane";
  if (controlPlane.minor - pool.minor > OLDER_MINORS_MAX)
    return `a pool can be at most ${OLDER_MINORS_MAX} minor versions older than its control plane`;
  return undefined;
}

function faultOf(pool: JsonObject, controlPlane: string, made: KubernetesRelease | undefined): ArmFault | undefined {
  const [name, version] = [String(pool["name"]), String(pool["orchestratorVersion"])];
  if (version === controlPlane) return undefined;
  const target = `agentPoolProfiles.${name}.orchestratorVersion`;
  const [ofPool, ofControlPlane] = [parseMinorVersion(version), parseMinorVersion(controlPlane)];
  const why = ofPool && ofControlPlane && whyNotBeside(ofPool, ofControlPlane);
  if (why !== undefined) {
    const message = `Kubernetes ${version} of agent pool '${name}' and ${controlPlane} of its control plane do not go together: ${why}.`;
    return { code: "NodePoolMcVersionIncompatible", message, target };
  }
  const makeable = made === undefined ? [controlPlane] : [made.version, ...made.patches];
  if (makeable.includes(version)) return undefined;
  const message = `Kubernetes ${version} of agent pool '${name}' is not available here; pools are made with ${makeable.join(" or ")}.`;
  return { code: "K8sVersionNotSupported", message, target };
}

/**
 * What is wrong with the versions of pools that are to be made: the first fault of each.
 * @param pools with their `orchestratorVersion`, which is never absent after defaults
 * @param controlPlane the cluster's `kubernetesVersion`
 * @param made what the cluster's provider can make
 */
export function poolVersionFaults(
  pools: readonly JsonObject[],
  controlPlane: string,
  made: KubernetesRelease | undefined,
): readonly ArmFault[] {
  return pools.flatMap((pool) => faultOf(pool, controlPlane, made) ?? []);
}
