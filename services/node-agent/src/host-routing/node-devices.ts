import {
  readAddresses,
  readLinks,
  readRoutes,
  type InterfaceAddress,
  type Link,
  type NetlinkSocket,
  type Route,
} from "@hostrouting/bpf-loader";
import type { KnownPod } from "../pods/watched-pods.ts";
import type { StayReason } from "../pods/node-pod.ts";
import { kernelAddress } from "./kernel-address.ts";

/**
 * A pod's device as the node sees it. `addresses` are those that the node routes to it as single hosts. With `stay` the pod's packets
 * are left to the stack, both ways; `pod` is its `namespace/name` once Kubernetes has told.
 */
export type PodDevice = {
  ifindex: number;
  name: string;
  mtuBytes: number;
  podMac: Buffer;
  hostMac: Buffer;
  addresses: string[];
  pod?: string | undefined;
  stay?: StayReason | undefined;
};
/** A device towards the other nodes. `mtuBytes`: layer 3, its own or the smallest of its routes'. */
export type UplinkDevice = { ifindex: number; name: string; mtuBytes: number };
/**
 * A pod's device that is left alone, and why. `Bridged`: part of a bridge, bond or VRF, whose rules a redirect would pass by.
 * `NotEth0`: leads to another device than the pod's own eth0. `ForeignPeer`: the address is not on its other end, but behind it.
 * `UnsupportedDevice`: no veth.
 */
export type UnfitDevice = { name: string; ifindex: number; reason: UnfitReason; pod?: string | undefined; addresses: string[] };
export type UnfitReason = "Bridged" | "NotEth0" | "ForeignPeer" | "UnsupportedDevice";
/** Every device on which host routing has a place, and those of pods on which it has none. */
export type NodeDevices = { pods: PodDevice[]; uplinks: UplinkDevice[]; unfit: UnfitDevice[] };

/** The node's network as one snapshot; `podEnd` is what is known of the far end of a veth. */
export type NetworkSnapshot = { links: Link[]; addresses: InterfaceAddress[]; routes: Route[]; podEnds: ReadonlyMap<number, PodEnd> };
/** The far end of a veth: its name, MAC and addresses inside the pod. */
export type PodEnd = { name: string; mac: Buffer; addresses: string[] };

/** The name that container runtimes give to a pod's first device (CRI; CNI_IFNAME). */
const POD_DEVICE_NAME = "eth0";

/** Reads the snapshot. A pod that goes while it is read is left out. */
export function readNetwork(socket: NetlinkSocket): NetworkSnapshot {
  const links = readLinks(socket);
  const routes = readRoutes(socket);
  const hosted = new Set(routes.filter(isHostRoute).map((route) => route.index));
  const podEnds = new Map<number, PodEnd>();
  for (const link of links) {
    if (link.kind !== "veth" || link.peerNetnsId === undefined || link.peerNetnsId < 0) continue;
    if (!hosted.has(link.index) && link.masterIndex === undefined) continue;
    const end = readPodEnd(socket, link.peerNetnsId, link.peerIndex ?? 0);
    if (end) podEnds.set(link.index, end);
  }
  return { links, addresses: readAddresses(socket), routes, podEnds };
}

/**
 * Pod device: a veth of its own whose other end is a pod's eth0 and has an address to which this node has a host route
 * (/32, /128) through the device. Uplink: any other device with a route through a gateway or an address of the node.
 * @param known this node's pods, undefined while they are not known: then nobody is held back.
 */
export function findDevices(network: NetworkSnapshot, nodeAddresses: readonly string[], known: readonly KnownPod[] = []): NodeDevices {
  const owners = ownersByAddress(known);
  const pods: PodDevice[] = [];
  const unfit: UnfitDevice[] = [];
  for (const link of network.links) {
    if (!link.up) continue;
    const judged = judge(link, network, owners);
    if (judged && "reason" in judged) unfit.push(judged);
    else if (judged) pods.push(judged);
  }
  const podIndexes = new Set([...pods, ...unfit].map((pod) => pod.ifindex));
  const towardsOthers = new Set([
    ...network.routes.filter((route) => route.viaGateway).map((route) => route.index),
    ...network.addresses.filter(({ address }) => nodeAddresses.includes(address)).map(({ index }) => index),
  ]);
  const uplinks = network.links
    .filter((link) => link.up && towardsOthers.has(link.index) && !podIndexes.has(link.index) && link.name !== "lo")
    .map((link) => ({ ifindex: link.index, name: link.name, mtuBytes: smallestMtu(link, network.routes) }));
  return { pods, uplinks, unfit };
}

/** One number for all destinations: whatever is longer is left to the stack, which knows each route's own. */
function smallestMtu({ index, mtuBytes }: Link, routes: readonly Route[]): number {
  return Math.min(mtuBytes, ...routes.filter((route) => route.index === index).map((route) => route.mtuBytes ?? mtuBytes));
}

/** What a device is to a pod; undefined when it is nothing to any. */
function judge(link: Link, network: NetworkSnapshot, owners: ReadonlyMap<string, KnownPod>): PodDevice | UnfitDevice | undefined {
  const end = network.podEnds.get(link.index);
  const routed = network.routes.filter((route) => route.index === link.index && isHostRoute(route)).map((route) => route.destination);
  const addresses = (end?.addresses ?? []).filter((address) => routed.includes(address)).sort();
  const owner = [...addresses, ...routed, ...(end?.addresses ?? [])].map((address) => owners.get(keyOf(address))).find(Boolean);
  const { index: ifindex, name } = link;
  const reason = whyUnfit(link, end, { reaches: addresses.length > 0, owned: owner !== undefined });
  if (reason)
    return {
      name,
      ifindex,
      reason,
      pod: owner?.name,
      addresses: [addresses, routed, end?.addresses ?? []].find((list) => list.length > 0)?.toSorted() ?? [],
    };
  if (!end || addresses.length === 0) return undefined;
  const { mtuBytes, mac: hostMac } = link;
  return { ifindex, name, mtuBytes, podMac: end.mac, hostMac, addresses, pod: owner?.name, stay: owner?.stay };
}

/** Without a known owner a device is a pod's only if it looks like one, so that a node's own devices are never reported. */
function whyUnfit(link: Link, end: PodEnd | undefined, about: { reaches: boolean; owned: boolean }): UnfitReason | undefined {
  const { reaches, owned } = about;
  if (!reaches && !owned) return undefined;
  if (link.masterIndex !== undefined) return "Bridged";
  if (link.kind !== "veth") return "UnsupportedDevice";
  if (!end || !reaches) return "ForeignPeer";
  return end.name === POD_DEVICE_NAME ? undefined : "NotEth0";
}

function ownersByAddress(pods: readonly KnownPod[]): Map<string, KnownPod> {
  const own = pods.filter((pod) => !pod.hostNetwork);
  return new Map(own.flatMap((pod) => pod.addresses.map((address) => [keyOf(address), pod] as const)));
}

/** Kubernetes and the kernel may write an address differently. */
function keyOf(address: string): string {
  return kernelAddress(address).toString("hex");
}

function isHostRoute(route: Route): boolean {
  return !route.viaGateway && route.prefixLength === (route.family === 4 ? 32 : 128);
}

function readPodEnd(socket: NetlinkSocket, netnsId: number, index: number): PodEnd | undefined {
  try {
    const link = readLinks(socket, netnsId).find((candidate) => candidate.index === index);
    if (!link?.up) return undefined;
    const addresses = readAddresses(socket, netnsId).filter((address) => address.index === index);
    return { name: link.name, mac: link.mac, addresses: addresses.map(({ address }) => address) };
  } catch {
    return undefined; // the namespace went while we asked; its device goes next
  }
}
