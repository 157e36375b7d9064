import type { InterfaceAddress } from "@hostrouting/bpf-loader";
import { contains } from "./address-classes.ts";

/** What pods' flows through an uplink are translated to; undefined: the uplink has no address of that family. */
export type SourceAddresses = { ifindex: number; v4: string | undefined; v6: string | undefined };

/** Addresses that nobody beyond the link could answer. */
const LINK_LOCAL = ["169.254.0.0/16", "fe80::/10"];

/**
 * The address of each uplink: the node's own where the uplink carries it, else the first that the kernel names, which is the one that
 * it prefers itself.
 */
export function sourceAddresses(
  addresses: readonly InterfaceAddress[],
  uplinks: readonly { ifindex: number }[],
  nodeAddresses: readonly string[],
): SourceAddresses[] {
  return uplinks.map(({ ifindex }) => {
    const own = addresses
      .filter(({ index, address }) => index === ifindex && !LINK_LOCAL.some((range) => contains(range, address)))
      .map(({ address }) => address);
    const choose = (isFamily: (address: string) => boolean): string | undefined => {
      const candidates = own.filter(isFamily);
      return candidates.find((address) => nodeAddresses.includes(address)) ?? candidates[0];
    };
    return { ifindex, v4: choose((address) => !address.includes(":")), v6: choose((address) => address.includes(":")) };
  });
}
