import { requireArgument } from "../bpf-fault.ts";
import { requireHandle, requireWhole } from "../checked-arguments.ts";
import { decodeAttributes, readI32, readText, readU32, u32Attribute } from "./netlink-message.ts";
import { NetlinkSocket } from "./netlink-socket.ts";
import { addressText } from "./ip-address.ts";

const RTM_GETLINK = 18;
const RTM_GETADDR = 22;
const RTM_GETROUTE = 26;
const RTM_GETRULE = 34;
const IFLA = { address: 1, name: 3, mtu: 4, link: 5, master: 10, linkInfo: 18, extMask: 29, linkNetnsId: 37, targetNetnsId: 46 } as const;
const IFLA_INFO_KIND = 1;
const IFA = { address: 1, local: 2, targetNetnsId: 10 } as const;
const RTA = { destination: 1, oif: 4, gateway: 5, metrics: 8 } as const;
const RTAX_MTU = 2;
/** Statistics of every device are the larger part of a dump, and nobody here reads them. */
const RTEXT_FILTER_SKIP_STATS = 8;
const IFF_UP = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const RTN_UNICAST = 1;
const LINK_HEADER_BYTES = 16;
const ADDRESS_HEADER_BYTES = 8;
const ROUTE_HEADER_BYTES = 12;
/** Ids of namespaces are `int`; the kernel gives none below 0, which says "not known". */
const NETNS_IDS = { least: 0, most: 0x7fff_ffff } as const;

/**
 * A network device. `peerNetnsId` is set when the other end of a veth is in another network namespace, where it has `peerIndex`;
 * `masterIndex` when it belongs to a bridge, bond or VRF.
 */
export type Link = {
  index: number;
  name: string;
  kind: string;
  mac: Buffer;
  mtuBytes: number;
  up: boolean;
  peerIndex: number | undefined;
  peerNetnsId: number | undefined;
  masterIndex: number | undefined;
};

/** An address of a device. */
export type InterfaceAddress = { index: number; address: string; prefixLength: number };

/** A unicast route: destination ("" = default), outgoing device, whether a gateway is in between, and its MTU where it has one of its own. */
export type Route = {
  family: 4 | 6;
  destination: string;
  prefixLength: number;
  index: number;
  viaGateway: boolean;
  mtuBytes?: number | undefined;
};

/** All devices of this namespace, or of the one that it knows under `netnsId` (read without entering it). */
export function readLinks(socket: NetlinkSocket, netnsId?: number): Link[] {
  const parts: Buffer[] = [Buffer.alloc(LINK_HEADER_BYTES), u32Attribute(IFLA.extMask, RTEXT_FILTER_SKIP_STATS)];
  requireHandle(socket, NetlinkSocket, "netlink socket");
  if (netnsId !== undefined) requireWhole(netnsId, NETNS_IDS, "the id of a network namespace");
  if (netnsId !== undefined) parts.push(u32Attribute(IFLA.targetNetnsId, netnsId));
  return socket.dump(RTM_GETLINK, Buffer.concat(parts)).map(decodeLink);
}

/** All addresses of both families in this namespace, or in the one that it knows under `netnsId`. */
export function readAddresses(socket: NetlinkSocket, netnsId?: number): InterfaceAddress[] {
  const parts: Buffer[] = [Buffer.alloc(ADDRESS_HEADER_BYTES)];
  requireHandle(socket, NetlinkSocket, "netlink socket");
  if (netnsId !== undefined) requireWhole(netnsId, NETNS_IDS, "the id of a network namespace");
  if (netnsId !== undefined) parts.push(u32Attribute(IFA.targetNetnsId, netnsId));
  return socket.dump(RTM_GETADDR, Buffer.concat(parts)).flatMap(decodeAddress);
}

/** All unicast routes of both families, of every table. */
export function readRoutes(socket: NetlinkSocket): Route[] {
  requireHandle(socket, NetlinkSocket, "netlink socket");
  return [AF_INET, AF_INET6].flatMap((family) => {
    const header = Buffer.alloc(ROUTE_HEADER_BYTES);
    header.writeUInt8(family, 0);
    return socket.dump(RTM_GETROUTE, header).flatMap(decodeRoute);
  });
}

/** All routing rules (`ip rule`) of both families in their order, as the kernel writes them: struct fib_rule_hdr and attributes. */
export function readRoutingRules(socket: NetlinkSocket): Buffer[] {
  requireHandle(socket, NetlinkSocket, "netlink socket");
  return [AF_INET, AF_INET6].flatMap((family) => {
    const header = Buffer.alloc(ROUTE_HEADER_BYTES);
    header.writeUInt8(family, 0);
    return socket.dump(RTM_GETRULE, header);
  });
}

/** Decodes RTM_NEWLINK's payload (struct ifinfomsg and attributes). */
export function decodeLink(payload: Buffer): Link {
  requireArgument(Buffer.isBuffer(payload) && payload.length >= LINK_HEADER_BYTES, "that is no description of a device");
  const attributes = decodeAttributes(payload.subarray(LINK_HEADER_BYTES));
  const info = attributes.get(IFLA.linkInfo);
  return {
    index: payload.readInt32LE(4),
    name: readText(attributes.get(IFLA.name)) ?? "",
    kind: (info && readText(decodeAttributes(info).get(IFLA_INFO_KIND))) ?? "",
    mac: attributes.get(IFLA.address) ?? Buffer.alloc(0),
    mtuBytes: readU32(attributes.get(IFLA.mtu)) ?? 0,
    up: (payload.readUInt32LE(8) & IFF_UP) !== 0,
    peerIndex: readU32(attributes.get(IFLA.link)),
    peerNetnsId: readI32(attributes.get(IFLA.linkNetnsId)),
    masterIndex: readU32(attributes.get(IFLA.master)),
  };
}

function decodeAddress(payload: Buffer): InterfaceAddress[] {
  const attributes = decodeAttributes(payload.subarray(ADDRESS_HEADER_BYTES));
  const bytes = attributes.get(IFA.local) ?? attributes.get(IFA.address);
  if (!bytes) return [];
  return [{ index: payload.readUInt32LE(4), address: addressText(bytes), prefixLength: payload.readUInt8(1) }];
}

function decodeRoute(payload: Buffer): Route[] {
  const family = payload.readUInt8(0);
  const attributes = decodeAttributes(payload.subarray(ROUTE_HEADER_BYTES));
  const index = readU32(attributes.get(RTA.oif));
  const destination = attributes.get(RTA.destination);
  if (index === undefined || payload.readUInt8(7) !== RTN_UNICAST || (family !== AF_INET && family !== AF_INET6)) return [];
  return [
    {
      family: family === AF_INET ? 4 : 6,
      destination: destination ? addressText(destination) : "",
      prefixLength: payload.readUInt8(1),
      index,
      viaGateway: attributes.has(RTA.gateway),
      mtuBytes: readU32(decodeAttributes(attributes.get(RTA.metrics) ?? Buffer.alloc(0)).get(RTAX_MTU)),
    },
  ];
}
