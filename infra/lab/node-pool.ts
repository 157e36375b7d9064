import type { NodePlan, PoolName } from "./lab-plan.ts";

/** What a pool's nodes say of themselves. */
interface PoolLook {
  readonly mode: "System" | "User";
  readonly osSku: "AzureLinux" | "Ubuntu";
  readonly osSkuEffective: "AzureLinux3" | "Ubuntu2404";
  readonly nodeImageVersion: string;
  readonly osRelease: string;
}

const USER: PoolLook = {
  mode: "User",
  osSku: "Ubuntu",
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
};

const POOLS: Readonly<Record<PoolName, PoolLook>> = {
  system: {
    mode: "System",
    osSku: "AzureLinux",
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
  user: USER,
  vm61: USER,
  vm612: USER,
};

/** Where the lab says it is; no request ever goes there. */
const REGION = "westeurope";
const INSTANCE_TYPE = "Standard_D4ds_v5";

/** /etc/os-release of a node's image (os-release(5)). */
export function osRelease(node: NodePlan): string {
  return POOLS[node.pool].osRelease;
}

/** Labels that AKS puts on a node at creation, as far as they mean something here. */
export function nodeLabels(node: NodePlan): Record<string, string> {
  const look = POOLS[node.pool];
  return {
    agentpool: node.pool,
    "kubernetes.azure.com/agentpool": node.pool,
    "kubernetes.azure.com/mode": look.mode.toLowerCase(),
    "kubernetes.azure.com/cluster": "MC_lab_lab_westeurope",
    "kubernetes.azure.com/network-policy": "none",
    "kubernetes.azure.com/node-image-version": look.nodeImageVersion,
    "kubernetes.azure.com/nodepool-type": "VirtualMachineScaleSets",
    "kubernetes.azure.com/os-sku": look.osSku,
    "kubernetes.azure.com/os-sku-effective": look.osSkuEffective,
    "kubernetes.azure.com/os-sku-requested": look.osSku,
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
export function providerId(node: NodePlan): string {
  const group = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/mc_lab_lab_westeurope";
  return `azure://${group}/providers/Microsoft.Compute/virtualMachineScaleSets/aks-${node.pool}-vmss/virtualMachines/${node.slot}`;
}
