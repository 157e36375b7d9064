import { AppError, type AgentPool, type ClusterId, type ManagedCluster } from "@hostrouting/domain";
import { clusterProfile, parseMinorVersion } from "@hostrouting/preflight";
import { KUBERNETES_VERSION } from "../lab/build-programs.ts";
import { readMarks, type PoolMarks } from "./pool-marks.ts";
import { LAB_NETWORK, NODES_MAX, type LabPool, type PoolCount, type ServiceRanges } from "../lab/lab-plan.ts";

/** A pool with what it puts on its nodes. */
export interface WishedPool extends PoolCount {
  readonly marks: PoolMarks;
}

/** What a managed cluster is to be, as far as a lab can be it. */
export interface ClusterWish {
  readonly id: ClusterId;
  readonly resourceGroup: string;
  readonly name: string;
  readonly pools: readonly WishedPool[];
  readonly nodeResourceGroup: string;
  readonly serviceCidrs: ServiceRanges;
  /** Of the API server; it is reached by a port of 127.0.0.1 whatever it is called. */
  readonly fqdn: string;
}

type Json = Readonly<Record<string, unknown>>;

/** Release of Kubernetes that every lab runs, as ARM writes it: `1.36.3`. */
export const LAB_KUBERNETES = KUBERNETES_VERSION.replace(/^v/, "");

/** Bounds of an IPv4 range of Services: AKS takes /12 at the most, and a few addresses must be left. */
const SERVICE_PREFIX = { least: 12, most: 28 };

/**
 * Reads what is wished for from the ARM resource. Pure.
 * Throws AppError `wish.version`, `wish.pool`, `wish.network`, `wish.size` for what no lab can be, with what to ask for instead.
 */
export function readWish(cluster: ManagedCluster): ClusterWish {
  const { id, resourceGroup, name, properties } = cluster;
  const profile = clusterProfile(properties);
  requireVersion(text(properties["kubernetesVersion"]));
  requirePods(profile.podCidrs);
  const given: readonly unknown[] = Array.isArray(properties["agentPoolProfiles"]) ? properties["agentPoolProfiles"] : [];
  const pools = profile.pools.map((pool, at) => readPool(pool, given[at] as Json));
  const nodes = pools.reduce((sum, { count }) => sum + count, 0);
  if (nodes === 0 || nodes > NODES_MAX)
    throw new AppError("wish.size", {
      say: `A lab cluster has 1 to ${NODES_MAX} nodes, and ${nodes} are asked for`,
      do: "Change the counts of its pools.",
    });
  return {
    id,
    resourceGroup,
    name,
    pools,
    nodeResourceGroup: text(properties["nodeResourceGroup"]) || `MC_${resourceGroup}_${name}_${cluster.location}`,
    serviceCidrs: serviceRanges(profile.podCidrs, profile.serviceCidrs),
    fqdn: `${text(properties["dnsPrefix"]) || name}.localhost`,
  };
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function requireVersion(wanted: string): void {
  if (wanted === "" || isRelease(wanted)) return;
  throw new AppError("wish.version", {
    say: `The lab makes clusters of Kubernetes ${LAB_KUBERNETES} only, and ${wanted} is asked for`,
    do: "Leave the version out, or ask for this one.",
  });
}

/** ARM takes a minor version for its newest patch, which is the only one here. */
function isRelease(wanted: string): boolean {
  const minor = parseMinorVersion(wanted);
  const ours = parseMinorVersion(LAB_KUBERNETES);
  const isPatch = /^\d+\.\d+\.\d+/.test(wanted);
  return isPatch ? wanted === LAB_KUBERNETES : minor !== undefined && minor.major === ours?.major && minor.minor === ours.minor;
}

function readPool({ name, mode, osType, osSku, count }: AgentPool, given: Json): WishedPool {
  const refuse = (what: string): AppError =>
    new AppError("wish.pool", { say: `Pool ${name} ${what}`, do: "Ask for a Linux pool of Ubuntu 24.04 or Azure Linux 3." });
  if (!/^[a-z][a-z0-9]{0,11}$/.test(name)) throw refuse("has a name that is not 1 to 12 small letters and digits");
  if (mode === "Gateway") throw refuse("is a gateway pool, which the lab does not make");
  if (osType !== "Linux") throw refuse(`has ${osType} nodes, which the lab does not make`);
  const image = labImage(osSku);
  if (image === undefined) throw refuse(`has nodes of ${osSku}, which the lab does not make`);
  const marks = readMarks({ mode }, given);
  if ("unreadable" in marks)
    throw new AppError("wish.pool", {
      say: `Pool ${name} has the taint ${marks.unreadable}`,
      do: "Write taints as key=value:NoSchedule, PreferNoSchedule or NoExecute.",
    });
  return { pool: { name, mode, osSku: image }, count, marks };
}

/** Where no SKU is said, Azure makes Ubuntu. */
function labImage(osSku: string): LabPool["osSku"] | undefined {
  const sku = osSku.toLowerCase();
  if (sku === "" || sku === "ubuntu" || sku === "ubuntu2404") return "Ubuntu";
  return sku === "azurelinux" || sku === "azurelinux3" ? "AzureLinux" : undefined;
}

function requirePods(cidrs: readonly string[]): void {
  const other = cidrs.find((cidr) => !(LAB_NETWORK.podCidrs as readonly string[]).includes(cidr));
  if (other === undefined) return;
  throw new AppError("wish.network", {
    say: `Pods of a lab cluster have addresses of ${LAB_NETWORK.podCidrs.join(" and ")}, and ${other} is asked for`,
    do: "Leave the range of pods out.",
  });
}

/** Pods say whether there is IPv6; where nothing is said of either, the cluster is as the lab's own. */
function serviceRanges(podCidrs: readonly string[], cidrs: readonly string[]): ServiceRanges {
  const [ours, oursV6] = LAB_NETWORK.serviceCidrs;
  const isDual = podCidrs.length !== 1;
  const v4 = cidrs.find((cidr) => !cidr.includes(":")) ?? ours;
  const v6 = cidrs.find((cidr) => cidr.includes(":")) ?? oursV6;
  const prefix = Number(v4.split("/")[1]);
  const isTaken = [...LAB_NETWORK.podCidrs, ...LAB_NETWORK.nodeCidrs].includes(v4 as never);
  const isRange = /^\d+\.\d+\.\d+\.\d+\/\d+$/.test(v4) && prefix >= SERVICE_PREFIX.least && prefix <= SERVICE_PREFIX.most;
  if (isRange && !isTaken && cidrs.length <= (isDual ? 2 : 1)) return isDual ? [v4, v6] : [v4];
  throw new AppError("wish.network", {
    say: `Services of a lab cluster cannot have addresses of ${cidrs.join(" and ")}`,
    do: "Leave the range of Services out, or ask for one of IPv4 from /12 to /28, and one of IPv6 where pods have IPv6, too.",
  });
}
