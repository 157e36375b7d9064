/**
 * The kernel, as far as host routing needs it: eBPF objects, maps, programs, links and pins through libbpf, and devices,
 * addresses, routes, filters and namespaces through rtnetlink, tracked flows through ctnetlink. Every call is synchronous, checks its arguments before
 * they reach C, and throws an AppError with the kernel's own word for what it refused.
 */
export * from "./bpf-fault.ts";
export * from "./bpf-map.ts";
export * from "./bpf-object.ts";
export * from "./bpf-program.ts";
export * from "./netfilter-links.ts";
export * from "./object-info.ts";
export { runIterator } from "./iterator.ts";
export type { ObjectSettings } from "./object-settings.ts";
export * from "./ring-buffer.ts";
export { detachPinnedLink, HeldLink, readPinnedLink, unpin, updatePinnedLink } from "./pinned-link.ts";
export * from "./tcx-link.ts";
export type { DeviceSide } from "./device-side.ts";
export * from "./tracing-link.ts";
export * from "./conntrack/conntrack.ts";
export { CONNTRACK_STATUS, turned, type ConntrackEntry, type ConntrackTuple, type TranslatedFlow } from "./conntrack/conntrack-message.ts";
export * from "./netlink/ip-address.ts";
export { attribute, decodeAttributes, readText, readU32, textAttribute, encodeMessage } from "./netlink/netlink-message.ts";
export { NetlinkSocket } from "./netlink/netlink-socket.ts";
export * from "./netlink/network-changes.ts";
export * from "./netlink/packet-filter-changes.ts";
export type { ChangedPlace, ChangeWriter, PacketFilterChange } from "./netlink/packet-filter-message.ts";
export type { PacketFilterWrites, WrittenPlace } from "./netlink/packet-filter-writes.ts";
export * from "./netlink/network-namespace.ts";
export * from "./netlink/network-state.ts";
export * from "./netlink/rule-trial.ts";
export * from "./netlink/tc-filter.ts";
export * from "./netlink/udp-probe.ts";
export * from "./netlink/veth-pair.ts";
