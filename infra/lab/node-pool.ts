import type { LabPool, NodePlan } from "./lab-plan.ts";

/** What nodes of one OS SKU say of their image. */
interface ImageLook {
  readonly osSkuEffective: "AzureLinux3" | "Ubuntu2404";
  readonly nodeImageVersion: string;
  readonly osRelease: string;
}

const IMAGES: Readonly<Record<LabPool["osSku"], ImageLook>> = {
  Ubuntu: {
    osSkuEffective: "Ubuntu2404",
    nodeImageVersion: "AKSUbuntu-2404gen2containerd-202610.12.0",
    osRelease: `PRETTY_NAME="Ubuntu 24.04.3 LTS"
NAME="Ubuntu"
VERSION_ID="24.04"
VERSION="24.04.3 LTS (Noble Numbat)"
VERSION_CODENAME=noble
ID=ubuntu
ID_LIKE=debian
HOME_URL="https://www.ubuntu.com/"
UBUNTU_CODENAME=noble
`,
  },
  AzureLinux: {
    osSkuEffective: "AzureLinux3",
    nodeImageVersion: "AKSAzureLinux-V3gen2-202610.12.0",
    osRelease: `NAME="Microsoft Azure Linux"
VERSION="3.0.20261001"
ID=azurelinux
VERSION_ID="3.0"
PRETTY_NAME="Microsoft Azure Linux 3.0"
ANSI_COLOR="1;34"
HOME_URL="https://aka.ms/azurelinux"
`,
  },
};

/** Azure's name of the image that nodes of an OS SKU have. */
export function nodeImageVersion(osSku: LabPool["osSku"]): string {
  return IMAGES[osSku].nodeImageVersion;
}

/** Where the lab says it is; no request ever goes there. */
const REGION = "westeurope";
const INSTANCE_TYPE = "Standard_D4ds_v5";

/** /etc/os-release of a node's image (os-release(5)). */
export function osRelease(node: NodePlan): string {
  return IMAGES[node.pool.osSku].osRelease;
}

/** The resource group of the nodes of a lab that is nobody's ARM resource. */
export const DEFAULT_NODE_RESOURCE_GROUP = "MC_lab_lab_westeurope";

/** Labels that AKS puts on a node at creation, as far as they mean something here. */
export function nodeLabels(node: NodePlan, nodeResourceGroup: string): Record<string, string> {
  const { pool } = node;
  const look = IMAGES[pool.osSku];
  return {
    agentpool: pool.name,
    "kubernetes.azure.com/agentpool": pool.name,
    "kubernetes.azure.com/mode": pool.mode.toLowerCase(),
    "kubernetes.azure.com/cluster": nodeResourceGroup,
    "kubernetes.azure.com/network-policy": "none",
    "kubernetes.azure.com/node-image-version": look.nodeImageVersion,
    "kubernetes.azure.com/nodepool-type": "VirtualMachineScaleSets",
    "kubernetes.azure.com/os-sku": pool.osSku,
    "kubernetes.azure.com/os-sku-effective": look.osSkuEffective,
    "kubernetes.azure.com/os-sku-requested": pool.osSku,
    "kubernetes.azure.com/role": "agent",
    "kubernetes.azure.com/storageprofile": "managed",
    "kubernetes.io/hostname": node.name,
    "kubernetes.io/os": "linux",
    "kubernetes.io/role": "agent",
    "node-role.kubernetes.io/agent": "",
    "node.kubernetes.io/instance-type": INSTANCE_TYPE,
    "topology.kubernetes.io/region": REGION,
    "topology.kubernetes.io/zone": `${REGION}-${(node.slot % 3) + 1}`,
  };
}

/** Azure's name of the virtual machine behind a node. */
export function providerId(node: NodePlan, nodeResourceGroup: string): string {
  const group = `/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/${nodeResourceGroup.toLowerCase()}`;
  return `azure://${group}/providers/Microsoft.Compute/virtualMachineScaleSets/aks-${node.pool.name}-vmss/virtualMachines/${node.slot}`;
}
