import { BlockList, isIP } from "node:net";

/** Addresses that are never asked: the machine itself, its links, what only the machine may ask (metadata, Azure's wire server), and ways around. */
const refused = new BlockList();
const RANGES: readonly (readonly [address: string, prefix: number, family: "ipv4" | "ipv6"])[] = [
  ["0.0.0.0", 8, "ipv4"],
  ["169.254.0.0", 16, "ipv4"],
  ["168.63.129.16", 32, "ipv4"],
  ["100.100.100.200", 32, "ipv4"],
  ["192.0.0.192", 32, "ipv4"],
  ["224.0.0.0", 3, "ipv4"],
  ["::", 128, "ipv6"],
  ["fe80::", 10, "ipv6"],
  ["fec0::", 10, "ipv6"],
  ["fd00:ec2::254", 128, "ipv6"],
  ["ff00::", 8, "ipv6"],
  // Addresses of version 4 within others: translated (NAT64), tunnelled (6to4, Teredo), or said to be compatible.
  ["64:ff9b::", 96, "ipv6"],
  ["64:ff9b:1::", 48, "ipv6"],
  ["2002::", 16, "ipv6"],
  ["2001::", 32, "ipv6"],
  ["::", 96, "ipv6"],
];
for (const [address, prefix, family] of RANGES) refused.addSubnet(address, prefix, family);
const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/**
 * Whether somebody's word is enough for us to connect to an address: of a webhook, of an API server. Private networks are fine: that is where most of them
 * are. An address of version 4 written as one of version 6 counts as what it is. Pure.
 * @param loopbackAllowed by the installation itself: its configuration, or the provider that registered the endpoint.
 */
export function mayReach(address: string, loopbackAllowed: boolean): boolean {
  const version = isIP(address);
  if (version === 0) return false;
  const family = version === 4 ? "ipv4" : "ipv6";
  if (loopback.check(address, family)) return loopbackAllowed;
  return !refused.check(address, family);
}
