import { requireArgument } from "../bpf-fault.ts";
import { requireBytes, requireHandle, requireIndex, requireText, requireWhole } from "../checked-arguments.ts";
import { addressBytes } from "./ip-address.ts";
import { attribute, textAttribute, u32Attribute } from "./netlink-message.ts";
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE, NetlinkSocket } from "./netlink-socket.ts";

const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_NEWADDR = 20;
const RTM_NEWROUTE = 24;
const RTM_NEWNEIGH = 28;
const IFLA = { name: 3, linkInfo: 18, netNsFd: 28 } as const;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const VETH_INFO_PEER = 1;
const IFF_UP = 1;
const NUD_PERMANENT = 0x80;
const DESCRIPTOR_MAX = 0x7fff_ffff;
const MAC_BYTES = 6;

/** Makes a veth pair: `name` here, `peerName` in the namespace behind `peerNetnsFd`. Both are down. */
export function createVeth(socket: NetlinkSocket, veth: { name: string; peerName: string; peerNetnsFd: number }): void {
  requireHandle(socket, NetlinkSocket, "netlink socket");
  requireArgument(typeof veth === "object" && veth !== null, "that is no veth pair");
  for (const name of [veth.name, veth.peerName]) requireText(name, "the name of a device");
  requireWhole(veth.peerNetnsFd, { least: 0, most: DESCRIPTOR_MAX }, "the descriptor of a network namespace");
  const peer = Buffer.concat([Buffer.alloc(16), textAttribute(IFLA.name, veth.peerName), u32Attribute(IFLA.netNsFd, veth.peerNetnsFd)]);
  const info = Buffer.concat([textAttribute(IFLA_INFO_KIND, "veth"), attribute(IFLA_INFO_DATA, attribute(VETH_INFO_PEER, peer))]);
  socket.change(
    RTM_NEWLINK,
    NLM_F_CREATE | NLM_F_EXCL,
    Buffer.concat([Buffer.alloc(16), textAttribute(IFLA.name, veth.name), attribute(IFLA.linkInfo, info)]),
  );
}

/** Removes a device, and with a veth its peer. @throws AppError `bpf.enodev` when there is none of that index. */
export function deleteLink(socket: NetlinkSocket, ifindex: number): void {
  requireDevice(socket, ifindex);
  socket.change(RTM_DELLINK, 0, linkHeader(ifindex, 0));
}

/** Brings a device up. */
export function setLinkUp(socket: NetlinkSocket, ifindex: number): void {
  requireDevice(socket, ifindex);
  socket.change(RTM_NEWLINK, 0, linkHeader(ifindex, IFF_UP));
}

/** Gives a device a host address (/32 or /128), usable at once (no duplicate address detection). */
export function addHostAddress(socket: NetlinkSocket, ifindex: number, address: string): void {
  requireDevice(socket, ifindex);
  const bytes = addressBytes(address);
  const header = Buffer.alloc(8);
  header.writeUInt8(bytes.length === 4 ? 2 : 10, 0);
  header.writeUInt8(bytes.length * 8, 1);
  header.writeUInt8(0x02, 2); // IFA_F_NODAD
  header.writeUInt32LE(ifindex, 4);
  socket.change(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, Buffer.concat([header, attribute(2, bytes), attribute(1, bytes)]));
}

/** A host route on the link itself. */
export function addHostRoute(socket: NetlinkSocket, ifindex: number, address: string): void {
  requireDevice(socket, ifindex);
  const bytes = addressBytes(address);
  const header = Buffer.alloc(12);
  header.writeUInt8(bytes.length === 4 ? 2 : 10, 0);
  header.writeUInt8(bytes.length * 8, 1);
  header.writeUInt8(254, 4); // RT_TABLE_MAIN
  header.writeUInt8(4, 5); // RTPROT_STATIC
  header.writeUInt8(bytes.length === 4 ? 253 : 0, 6); // RT_SCOPE_LINK, RT_SCOPE_UNIVERSE
  header.writeUInt8(1, 7); // RTN_UNICAST
  socket.change(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, Buffer.concat([header, attribute(1, bytes), u32Attribute(4, ifindex)]));
}

/** A permanent neighbour, so that nothing has to be resolved. */
export function addNeighbour(socket: NetlinkSocket, neighbour: { ifindex: number; address: string; mac: Buffer }): void {
  requireArgument(typeof neighbour === "object" && neighbour !== null, "that is no neighbour");
  requireDevice(socket, neighbour.ifindex);
  requireBytes(neighbour.mac, MAC_BYTES, "link-layer addresses");
  const bytes = addressBytes(neighbour.address);
  const header = Buffer.alloc(12);
  header.writeUInt8(bytes.length === 4 ? 2 : 10, 0);
  header.writeInt32LE(neighbour.ifindex, 4);
  header.writeUInt16LE(NUD_PERMANENT, 8);
  socket.change(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, Buffer.concat([header, attribute(1, bytes), attribute(2, neighbour.mac)]));
}

function requireDevice(socket: NetlinkSocket, ifindex: number): void {
  requireHandle(socket, NetlinkSocket, "netlink socket");
  requireIndex(ifindex);
}

function linkHeader(ifindex: number, flags: number): Buffer {
  const header = Buffer.alloc(16);
  header.writeInt32LE(ifindex, 4);
  header.writeUInt32LE(flags, 8);
  header.writeUInt32LE(flags, 12);
  return header;
}
