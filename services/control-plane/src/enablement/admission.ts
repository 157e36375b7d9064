import { clusterProfile, isAtLeast, isConfidentialSize, osOfSku, parseMinorVersion } from "@hostrouting/preflight";
import type { AgentPool, ClusterProfile } from "@hostrouting/domain";
import type { ArmFault } from "../arm/arm-error.ts";
import type { JsonObject } from "./json-object.ts";

const TARGET = "networkProfile.advancedNetworking";
const MODE_TARGET = `${TARGET}.performance.accelerationMode`;
const KUBERNETES_MIN = { major: 1, minor: 33 };

function fault(subcode: string, message: string, details?: readonly ArmFault[]): ArmFault {
  return { code: "BadRequest", subcode, message, target: MODE_TARGET, ...(details && { details }) };
}

function whyNotPool(pool: AgentPool, kubernetesVersion: string): string | undefined {
  if (pool.osType === "Windows") return "runs Windows";
  const os = osOfSku(pool.osSku === "" ? "Ubuntu" : pool.osSku, pool.orchestratorVersion || kubernetesVersion);
  if (os !== "Ubuntu2404" && os !== "AzureLinux3")
    return `runs ${pool.osSku || "an image of unknown kind"}; only Ubuntu 24.04 and Azure Linux 3.0 are supported`;
  if (/kata/i.test(pool.workloadRuntime)) return `uses pod sandboxing (${pool.workloadRuntime})`;
  const confidential = pool.vmSizes.find(isConfidentialSize);
  return confidential === undefined ? undefined : `uses confidential VMs (${confidential})`;
}

function poolFaults(profile: ClusterProfile): readonly ArmFault[] {
  const details = profile.pools.flatMap((pool): readonly ArmFault[] => {
    const why = whyNotPool(pool, profile.kubernetesVersion);
    return why === undefined
      ? []
      : [{ code: "UnsupportedAgentPool", message: `Agent pool '${pool.name}' ${why}.`, target: `agentPoolProfiles.${pool.name}` }];
  });
  if (details.length === 0) return [];
  const names = details.map((detail) => detail.target?.replace("agentPoolProfiles.", "")).join(", ");
  return [
    fault("AccelerationRequiresSupportedAgentPools", `Acceleration mode BpfVeth is not supported by agent pools: ${names}.`, details),
  ];
}

/**
 * What forbids a cluster with these properties, as far as ARM alone can tell; every rule runs. Turning acceleration off is never refused.
 * What only the nodes can tell (rules of iptables in use, kernels) is found by the operation, which then fails.
 */
export function admissionFaults(properties: JsonObject): readonly ArmFault[] {
  const profile = clusterProfile(properties);
  const { enabled, observability, security, performance } = profile.advancedNetworking;
  if (performance.accelerationMode === "None") {
    if (!enabled || observability.enabled || security.enabled) return [];
    const message = "Advanced networking is enabled with observability, security and acceleration all off. Enable at least one of them.";
    return [{ code: "BadRequest", subcode: "AdvancedNetworkingWithoutFeatures", message, target: TARGET }];
  }
  const faults: ArmFault[] = [];
  if (!enabled) faults.push(fault("AccelerationRequiresACNS", "Acceleration mode BpfVeth requires advancedNetworking.enabled to be true."));
  if (profile.networkDataplane !== "cilium")
    faults.push(
      fault(
        "AccelerationRequiresCilium",
        `Acceleration mode BpfVeth requires networkDataplane cilium; it is '${profile.networkDataplane}'.`,
      ),
    );
  const version = parseMinorVersion(profile.kubernetesVersion);
  if (version === undefined || !isAtLeast(version, KUBERNETES_MIN))
    faults.push(
      fault(
        "AccelerationRequiresKubernetesVersion",
        `Acceleration mode BpfVeth requires Kubernetes 1.33 or newer; it is '${profile.kubernetesVersion}'.`,
      ),
    );
  if (profile.staticEgressGateway || profile.pools.some((pool) => pool.mode === "Gateway"))
    faults.push(
      fault("AccelerationExcludesStaticEgressGateway", "Acceleration mode BpfVeth cannot be combined with a static egress gateway."),
    );
  return [...faults, ...poolFaults(profile)];
}
