import {
  readAddresses,
  readLinks,
  readRoutes,
  type InterfaceAddress,
  type Link,
  type NetlinkSocket,
  type Route,
} from "@hostrouting/bpf-loader";

/** A pod's device as the node sees it. `addresses` are those that the node routes to it as single hosts. */
export type PodDevice = { ifindex: number; name: string; mtuBytes: number; podMac: Buffer; hostMac: Buffer; addresses: string[] };
/** A device towards the other nodes. */
export type UplinkDevice = { ifindex: number; name: string };
/** Every device on which host routing has a place. */
export type NodeDevices = { pods: PodDevice[]; uplinks: UplinkDevice[] };

/** The node's network as one snapshot; `podEnd` is what is known of the far end of a veth. */
export type NetworkSnapshot = { links: Link[]; addresses: InterfaceAddress[]; routes: Route[]; podEnds: ReadonlyMap<number, PodEnd> };
/** The far end of a veth: MAC and addresses inside the pod. */
export type PodEnd = { mac: Buffer; addresses: string[] };

/** Reads the snapshot. A pod that goes while it is read is left out. */
export function readNetwork(socket: NetlinkSocket): NetworkSnapshot {
  const links = readLinks(socket);
  const routes = readRoutes(socket);
  const hosted = new Set(routes.filter(isHostRoute).map((route) => route.index));
  const podEnds = new Map<number, PodEnd>();
  for (const link of links) {
    if (link.kind !== "veth" || link.peerNetnsId === undefined || link.peerNetnsId < 0 || !hosted.has(link.index)) continue;
    const end = readPodEnd(socket, link.peerNetnsId, link.peerIndex ?? 0);
    if (end) podEnds.set(link.index, end);
  }
  return { links, addresses: readAddresses(socket), routes, podEnds };
}

/**
 * Pod device: a veth whose other end is in another namespace and has an address to which this node has a host route
 * (/32, /128) through the device. Uplink: any other device with a route through a gateway or an address of the node.
 */
export function findDevices(network: NetworkSnapshot, nodeAddresses: readonly string[]): NodeDevices {
  const pods = network.links.flatMap((link) => podDevice(network, link));
  const podIndexes = new Set(pods.map((pod) => pod.ifindex));
  const towardsOthers = new Set([
    ...network.routes.filter((route) => route.viaGateway).map((route) => route.index),
    ...network.addresses.filter(({ address }) => nodeAddresses.includes(address)).map(({ index }) => index),
  ]);
  const uplinks = network.links
    .filter((link) => link.up && towardsOthers.has(link.index) && !podIndexes.has(link.index) && link.name !== "lo")
    .map((link) => ({ ifindex: link.index, name: link.name }));
  return { pods, uplinks };
}

function podDevice(network: NetworkSnapshot, link: Link): PodDevice[] {
  const end = network.podEnds.get(link.index);
  if (!end || !link.up) return [];
  const routed = new Set(
    network.routes.filter((route) => route.index === link.index && isHostRoute(route)).map((route) => route.destination),
  );
  const addresses = end.addresses.filter((address) => routed.has(address)).sort();
  if (addresses.length === 0) return [];
  return [{ ifindex: link.index, name: link.name, mtuBytes: link.mtuBytes, podMac: end.mac, hostMac: link.mac, addresses }];
}

function isHostRoute(route: Route): boolean {
  return !route.viaGateway && route.prefixLength === (route.family === 4 ? 32 : 128);
}

function readPodEnd(socket: NetlinkSocket, netnsId: number, index: number): PodEnd | undefined {
  try {
    const link = readLinks(socket, netnsId).find((candidate) => candidate.index === index);
    if (!link?.up) return undefined;
    const addresses = readAddresses(socket, netnsId).filter((address) => address.index === index);
    return { mac: link.mac, addresses: addresses.map(({ address }) => address) };
  } catch {
    return undefined; // the namespace went while we asked; its device goes next
  }
}
