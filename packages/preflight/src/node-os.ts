import type { NodeFacts } from "./facts.ts";
import { isAtLeast, parseMinorVersion } from "./version.ts";

/** What a node runs, as far as host routing cares. `Unknown`: nothing told us. */
export type NodeOs = "Ubuntu2404" | "AzureLinux3" | "Unsupported" | "Unknown";

/** What a pool's `osSKU` means at a Kubernetes version (AKS: `Ubuntu` is 24.04 from 1.35 on, `AzureLinux` is 3.0 from 1.32 on). */
export function osOfSku(osSku: string, kubernetesVersion: string): NodeOs {
  const version = parseMinorVersion(kubernetesVersion);
  switch (osSku.toLowerCase()) {
    case "":
      return "Unknown";
    case "ubuntu2404":
      return "Ubuntu2404";
    case "azurelinux3":
      return "AzureLinux3";
    case "ubuntu":
      if (version === undefined) return "Unknown";
      return isAtLeast(version, { major: 1, minor: 35 }) ? "Ubuntu2404" : "Unsupported";
    case "azurelinux":
      if (version === undefined) return "Unknown";
      return isAtLeast(version, { major: 1, minor: 32 }) ? "AzureLinux3" : "Unsupported";
    default:
      return "Unsupported";
  }
}

/** What a kubelet's `osImage` means. */
export function osOfImage(osImage: string): NodeOs {
  if (osImage === "") return "Unknown";
  if (/^Ubuntu 24\.04\b/.test(osImage)) return "Ubuntu2404";
  if (/^(Microsoft )?Azure Linux 3\.0\b/.test(osImage)) return "AzureLinux3";
  return "Unsupported";
}

/** As `osOfImage`: a regular expression (RE2 as well) of what is supported. */
export const SUPPORTED_OS_IMAGES = String.raw`^(Ubuntu 24\.04|(Microsoft )?Azure Linux 3\.0)\b`;

/** What a node's own os-release means. */
export function osOfRelease(os: NodeFacts["agentOs"]): NodeOs {
  if (os === undefined || os.id === "") return "Unknown";
  if (os.id === "ubuntu") return os.versionId === "24.04" ? "Ubuntu2404" : "Unsupported";
  if (os.id === "azurelinux") return os.versionId.split(".")[0] === "3" ? "AzureLinux3" : "Unsupported";
  return "Unsupported";
}

/** What a node runs: its agent's os-release, else its `osImage`, else its `os-sku-effective` label; the pool's SKU is the caller's last resort. */
export function osOfNode(node: NodeFacts): NodeOs {
  for (const answer of [osOfRelease(node.agentOs), osOfImage(node.osImage), osOfSku(node.osSkuEffective, node.kubeletVersion)])
    if (answer !== "Unknown") return answer;
  return "Unknown";
}

/** Why host routing cannot be on for a node, or nothing. A node of which nothing is known yet is not refused here: PF-011 decides about it. */
export function whyNodeIsIneligible(node: NodeFacts): string | undefined {
  if (node.os !== "" && node.os !== "linux") return `runs ${node.os}`;
  return osOfNode(node) === "Unsupported" ? `runs ${node.agentOs?.id ?? node.osImage}, which is not supported` : undefined;
}
