import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Series } from "../guests/guest-kernel.ts";

/** A pool of nodes, as far as its nodes tell it. Names have 1 to 12 small letters and digits (AKS' rule for Linux). */
export interface LabPool {
  readonly name: string;
  readonly mode: "System" | "User";
  readonly osSku: "AzureLinux" | "Ubuntu";
}

/** One system node, the rest user nodes, as AKS asks for. */
export const SYSTEM_POOL: LabPool = { name: "system", mode: "System", osSku: "AzureLinux" };
export const USER_POOL: LabPool = { name: "user", mode: "User", osSku: "Ubuntu" };

/** Nodes with a kernel of their own are a pool for each series, as node images are in AKS. */
const MACHINE_POOLS: Readonly<Record<Series, LabPool>> = {
  "6.1": { name: "vm61", mode: "User", osSku: "Ubuntu" },
  "6.12": { name: "vm612", mode: "User", osSku: "Ubuntu" },
};

/** Address slots of one lab. Routes to all of them exist from the start, so that a node added later is reachable at once. */
export const NODES_MAX = 16;

/** Where a slot's node is reached, whatever it lives in. First entries are IPv4, second IPv6. */
export interface SlotAddresses {
  readonly ipv4: string;
  readonly ipv6: string;
  readonly podCidrs: readonly [string, string];
}

interface CommonPlan extends SlotAddresses {
  /** Name of the Node object: `aks-user-0`. */
  readonly name: string;
  readonly pool: LabPool;
  /** Slot, 0 to NODES_MAX − 1; addresses derive from it. */
  readonly slot: number;
  /** Its folder below the lab's folder. */
  readonly folder: string;
}

/** A node that is a set of namespaces on the machine's own kernel. */
export interface NamespacePlan extends CommonPlan {
  readonly kind: "Namespaces";
  /** Name of its network namespace, below /run/netns. */
  readonly netns: string;
}

/** A node that is a virtual machine with a kernel of its own. */
export interface MachinePlan extends CommonPlan {
  readonly kind: "Machine";
  readonly series: Series;
}

/** One node's place in the lab: everything about it that is known before it runs. */
export type NodePlan = NamespacePlan | MachinePlan;

/** Everything of a lab that follows from its state folder alone. */
export interface LabPlan {
  /** Six hex digits of the hash of the state folder's real path; part of every name that the machine sees. */
  readonly id: string;
  readonly stateDir: string;
  /** `<state folder>/lab`: all files of the lab, made anew at each start. */
  readonly folder: string;
  readonly netns: { readonly fabric: string; readonly control: string; readonly outside: string };
  /** Top cgroup of everything that the lab runs, the same in each hierarchy. */
  readonly cgroup: string;
}

/**
 * Addressing of the lab; every lab uses the same, each in its own namespaces, but for its Services' ranges, which may be others. First entries are IPv4,
 * second IPv6.
 */
export const LAB_NETWORK = {
  podCidrs: ["10.244.0.0/16", "fd00:244::/48"],
  serviceCidrs: ["10.96.0.0/16", "fd00:96::/112"],
  nodeCidrs: ["10.240.0.0/24", "fd00:240::/64"],
  apiServer: "10.240.0.1",
  apiServerV6: "fd00:240::1",
  gateway: ["10.240.0.254", "fd00:240::fe"],
  /** A host on the internet, as it were: the demo application's server answers there. It has no route to pods. */
  outside: ["203.0.113.10", "2001:db8:cb00::10"],
} as const;

/** Ranges of a lab's Services: of IPv4, at least 16 addresses, and of IPv6. With the first alone, the cluster knows IPv4 only. */
export type ServiceRanges = readonly [string] | readonly [string, string];

/** Of what there is for IPv4 and for IPv6, what a cluster with these ranges has. */
export function inFamilies<T>(serviceCidrs: ServiceRanges, ofEach: readonly [T, T]): T[] {
  return ofEach.slice(0, serviceCidrs.length);
}

/** The first address of an IPv4 range, which is that of the Service `kubernetes.default`. */
export function firstAddress(cidr: string): string {
  const octets = (cidr.split("/")[0] ?? "").split(".").map(Number);
  return [...octets.slice(0, 3), (octets[3] ?? 0) + 1].join(".");
}

/** @param stateDir real path of the state folder */
export function planLab(stateDir: string): LabPlan {
  const id = createHash("sha256").update(stateDir).digest("hex").slice(0, 6);
  const prefix = `acns-${id}`;
  return {
    id,
    stateDir,
    folder: join(stateDir, "lab"),
    netns: { fabric: `${prefix}-fabric`, control: `${prefix}-control`, outside: `${prefix}-outside` },
    cgroup: prefix,
  };
}

/** The addresses of one slot. Throws RangeError when there is no such slot. */
export function slotAddresses(slot: number): SlotAddresses {
  if (!Number.isInteger(slot) || slot < 0 || slot >= NODES_MAX) throw new RangeError(`slot ${slot} is not within 0 to ${NODES_MAX - 1}`);
  return {
    ipv4: `10.240.0.${11 + slot}`,
    ipv6: `fd00:240::${11 + slot}`,
    podCidrs: [`10.244.${slot}.0/24`, `fd00:244:0:${slot.toString(16)}::/64`],
  };
}

/** What a node of namespaces is: its pool, its number within the pool, and the slot that it takes. */
export interface NodePlace {
  readonly pool: LabPool;
  readonly index: number;
  readonly slot: number;
}

/** The plan of a node of namespaces in one place. Throws RangeError when there is no such slot. */
export function planPoolNode(lab: LabPlan, { pool, index, slot }: NodePlace): NamespacePlan {
  const name = `aks-${pool.name}-${index}`;
  const folder = nodeFolder(lab, name);
  return { kind: "Namespaces", name, pool, slot, ...slotAddresses(slot), netns: `acns-${lab.id}-${name}`, folder };
}

/** The plan of the node of namespaces in one slot of a lab whose first node is its system pool, and whose others are its user pool. */
export function planNode(lab: LabPlan, slot: number): NamespacePlan {
  return planPoolNode(lab, slot === 0 ? { pool: SYSTEM_POOL, index: 0, slot } : { pool: USER_POOL, index: slot - 1, slot });
}

/** Where a node's files are; beside it, with an ending, what a virtual machine needs besides. */
export function nodeFolder(lab: LabPlan, name: string): string {
  return join(lab.folder, "nodes", name);
}

/** The plan of the virtual machine in one slot; its name has the slot's number. */
export function planMachine(lab: LabPlan, slot: number, series: Series): MachinePlan {
  const pool = MACHINE_POOLS[series];
  const name = `aks-${pool.name}-${slot}`;
  return { kind: "Machine", name, pool, slot, ...slotAddresses(slot), series, folder: nodeFolder(lab, name) };
}

/** How many nodes a pool has. */
export interface PoolCount {
  readonly pool: LabPool;
  readonly count: number;
}

/** The nodes that a new lab is to have. */
export interface WantedNodes {
  /** Nodes of namespaces. */
  readonly pools: readonly PoolCount[];
  /** Virtual machines, by the kernel of each. */
  readonly machines: readonly Series[];
}

/** The pools of `nodes` nodes of namespaces where nobody names any: one system node, the rest user nodes. */
export function defaultPools(nodes: number): PoolCount[] {
  return [
    { pool: SYSTEM_POOL, count: Math.min(nodes, 1) },
    { pool: USER_POOL, count: Math.max(nodes - 1, 0) },
  ];
}

/** How many nodes these are. */
export function countNodes({ pools, machines }: WantedNodes): number {
  return pools.reduce((sum, { count }) => sum + count, machines.length);
}

/** The plans of a new lab's nodes, in the order of their slots: those of namespaces first. Throws RangeError when there are not so many slots. */
export function planNodes(lab: LabPlan, wanted: WantedNodes): NodePlan[] {
  const places = wanted.pools.flatMap(({ pool, count }) => Array.from({ length: count }, (_, index) => ({ pool, index })));
  const nodes = places.map((place, slot) => planPoolNode(lab, { ...place, slot }));
  return [...nodes, ...wanted.machines.map((series, index) => planMachine(lab, nodes.length + index, series))];
}
