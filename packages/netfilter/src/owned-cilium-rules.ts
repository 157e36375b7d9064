import type { AllowEntry } from "./allow-entry.ts";

const MARK = "0x[0-9a-f]{1,8}(/0x[0-9a-f]{1,8})?";
/** Up to eight marks that are not the host's own; written out, since a repeated repetition is refused. */
const OTHER_MARKS = "( -m mark ! --mark 0x[0-9a-f]{1,8}/0x[0-9a-f]{1,8})?".repeat(8);
const TABLES = ["filter", "nat", "mangle", "raw"];
const WHY = "Cilium keeps its own traffic apart by marks; with host routing it goes without.";

type CiliumRule = { readonly id: string; readonly chain: string; readonly rule: string };

/**
 * By chain and by form, never by the comment alone, which anybody can write. What drops or translates is not here: with masquerading and
 * Services by eBPF Cilium writes none.
 */
const RULES: readonly CiliumRule[] = [
  {
    id: "cilium-feeder",
    chain: "^(PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING)$",
    rule: `^-A (PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING) -m comment --comment "cilium-feeder: CILIUM_[A-Za-z_]{3,20}" -j CILIUM_(INPUT|FORWARD|OUTPUT|OUTPUT_raw|OUTPUT_nat|PRE_raw|PRE_nat|PRE_mangle|POST_nat|POST_mangle)$`,
  },
  {
    id: "cilium-forward",
    chain: "CILIUM_FORWARD",
    rule: `^-A CILIUM_FORWARD -[io] (cilium_host|cilium_net|lxc[+]) -m comment --comment "cilium: (any->cluster|cluster->any) on (cilium_host|cilium_net|lxc[+]) forward accept( [(]nodeport[)])?" -j ACCEPT$`,
  },
  {
    id: "cilium-proxy-accept",
    chain: "^CILIUM_(INPUT|OUTPUT)$",
    rule: `^-A CILIUM_(INPUT|OUTPUT) -m mark --mark ${MARK} -m comment --comment "cilium: ACCEPT for [A-Za-z0-9 ]{3,40}" -j ACCEPT$`,
  },
  {
    id: "cilium-host-mark",
    chain: "CILIUM_OUTPUT",
    rule: `^-A CILIUM_OUTPUT${OTHER_MARKS} -m comment --comment "cilium: host->any mark as from host" -j MARK --set-xmark 0xc00/0xf00$`,
  },
  {
    id: "cilium-notrack",
    chain: "^CILIUM_(PRE|OUTPUT)_raw$",
    rule: `^-A CILIUM_(PRE|OUTPUT)_raw( -[io] [A-Za-z0-9_+]{1,16})? -m mark --mark ${MARK} -m comment --comment "cilium: NOTRACK for [A-Za-z0-9 ]{3,40}" -j (CT --notrack|NOTRACK)$`,
  },
  {
    id: "cilium-proxy-redirect",
    chain: "CILIUM_PRE_mangle",
    rule: `^-A CILIUM_PRE_mangle( ! -o lo)? -m socket --transparent( --nowildcard)?( -m mark ! --mark ${MARK})? -m comment --comment "cilium: any->pod redirect proxied traffic to host proxy" -j MARK --set-xmark 0x200/0xffffffff$`,
  },
  {
    id: "cilium-tproxy",
    chain: "CILIUM_PRE_mangle",
    rule: `^-A CILIUM_PRE_mangle -p (tcp|udp) -m mark --mark ${MARK} -m comment --comment "cilium: TPROXY to host [a-z0-9-]{3,60} proxy" -j TPROXY --on-port [0-9]{1,5} --on-ip (127[.]0[.]0[.]1|::1) --tproxy-mark 0x200/0xffffffff$`,
  },
];

/** What the agent of Cilium writes. pkg/datapath/iptables of Cilium. */
export const ciliumEntries: readonly AllowEntry[] = RULES.map(({ id, chain, rule }): AllowEntry => {
  return { id, families: ["ip", "ip6"], tables: TABLES, chain, rule, owner: "Cilium", why: WHY, effectWhenBypassed: "none" };
});
