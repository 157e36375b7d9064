import type { Family, Hook } from "./packet-rule.ts";

const HOOKS: Readonly<Record<string, Hook>> = {
  PREROUTING: "prerouting",
  INPUT: "input",
  FORWARD: "forward",
  OUTPUT: "output",
  POSTROUTING: "postrouting",
  // ebtables(8): decides before bridging whether a frame is routed instead; the kernel calls it at pre-routing.
  BROUTING: "prerouting",
};

const IP_TABLES: Readonly<Record<string, readonly string[]>> = {
  filter: ["INPUT", "FORWARD", "OUTPUT"],
  nat: ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
  mangle: ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
  raw: ["PREROUTING", "OUTPUT"],
  security: ["INPUT", "FORWARD", "OUTPUT"],
};

const TABLES: Readonly<Partial<Record<Family, Readonly<Record<string, readonly string[]>>>>> = {
  ip: IP_TABLES,
  ip6: IP_TABLES,
  bridge: {
    filter: ["INPUT", "FORWARD", "OUTPUT"],
    nat: ["PREROUTING", "OUTPUT", "POSTROUTING"],
    broute: ["BROUTING"],
  },
  arp: { filter: ["INPUT", "FORWARD", "OUTPUT"] },
};

/** Names of the tables that iptables, ebtables and arptables know in a family; none in families of nft only. iptables(8), "TABLES". */
export function builtinTables(family: Family): readonly string[] {
  return Object.keys(TABLES[family] ?? {});
}

/** The hook that the kernel calls a built-in chain from, or undefined for a chain that a user made. */
export function builtinHook(family: Family, table: string, chain: string): Hook | undefined {
  return TABLES[family]?.[table]?.includes(chain) === true ? HOOKS[chain] : undefined;
}
