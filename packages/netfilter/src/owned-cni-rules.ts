import type { AllowEntry } from "./allow-entry.ts";

const ADDRESS = String.raw`[0-9a-f.:]{2,39}`;
const CIDR = String.raw`${ADDRESS}/\d{1,3}`;
const PROTOCOL = "(tcp|udp|sctp)";
/** Of a network and a container: `name: \"net\" id: \"0a1b\"`, saved with its quotes escaped. */
const REMARK = String.raw`"(dnat )?name: \\"[A-Za-z0-9._-]{1,128}\\" id: \\"[A-Za-z0-9._-]{1,128}\\""`;

type CniRule = Pick<AllowEntry, "id" | "chain" | "why" | "effectWhenBypassed"> & { readonly rule: string; readonly table?: string };

const PORTMAP = "A port of the node is translated to a pod's by the stack, where the gate leaves such connections.";
const PTP = "Pods of a plug-in network have the node's address outside; masquerading by eBPF does the same.";
const FIREWALL = "Accepts what the plug-in's own pods send; nothing of it drops.";

const RULES: readonly CniRule[] = [
  {
    id: "cni-hostport-jump",
    chain: "^(PREROUTING|OUTPUT)$",
    rule: "^-A (PREROUTING|OUTPUT) -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT$",
    why: PORTMAP,
    effectWhenBypassed: "kept",
  },
  {
    id: "cni-hostport-masq-jump",
    chain: "POSTROUTING",
    rule: `^-A POSTROUTING -m comment --comment "CNI portfwd requiring masquerade" -j CNI-HOSTPORT-MASQ$`,
    why: PORTMAP,
    effectWhenBypassed: "kept",
  },
  {
    id: "cni-hostport-masq",
    chain: "CNI-HOSTPORT-MASQ",
    rule: "^-A CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE$",
    why: PORTMAP,
    effectWhenBypassed: "kept",
  },
  {
    id: "cni-hostport-mark",
    chain: "CNI-HOSTPORT-SETMARK",
    rule: `^-A CNI-HOSTPORT-SETMARK( -m comment --comment "CNI portfwd masquerade mark")? -j MARK --set-xmark 0x2000/0x2000$`,
    why: PORTMAP,
    effectWhenBypassed: "kept",
  },
  {
    id: "cni-hostport-dnat",
    chain: "CNI-HOSTPORT-DNAT",
    rule: String.raw`^-A CNI-HOSTPORT-DNAT -p ${PROTOCOL} -m comment --comment ${REMARK} -m multiport --dports [0-9,:]{1,90} -j CNI-DN-[a-f0-9]{10,40}$`,
    why: PORTMAP,
    effectWhenBypassed: "kept",
  },
  {
    id: "cni-hostport-pod",
    chain: "^CNI-DN-[a-f0-9]{10,40}$",
    rule: String.raw`^-A CNI-DN-[a-f0-9]{10,40}( -s ${CIDR}( -d ${CIDR})?)? -p ${PROTOCOL} -m ${PROTOCOL} --dport \d{1,5} -j (CNI-HOSTPORT-SETMARK|DNAT --to-destination (${ADDRESS}|\[${ADDRESS}\]:\d{1,5}))$`,
    why: PORTMAP,
    effectWhenBypassed: "kept",
  },
  {
    id: "cni-masquerade-jump",
    chain: "POSTROUTING",
    rule: String.raw`^-A POSTROUTING -s ${CIDR} -m comment --comment ${REMARK} -j CNI-[a-f0-9]{10,40}$`,
    why: PTP,
    effectWhenBypassed: "replaced",
  },
  {
    id: "cni-masquerade",
    chain: "^CNI-[a-f0-9]{10,40}$",
    rule: String.raw`^-A CNI-[a-f0-9]{10,40} (-d ${CIDR} -m comment --comment ${REMARK} -j ACCEPT|! -d (224\.0\.0\.0/4|ff00::/8) -m comment --comment ${REMARK} -j MASQUERADE( --random-fully)?)$`,
    why: PTP,
    effectWhenBypassed: "replaced",
  },
  {
    id: "cni-firewall",
    table: "filter",
    chain: "^(FORWARD|CNI-FORWARD)$",
    rule: String.raw`^-A (FORWARD -m comment --comment "CNI firewall plugin rules" -j CNI-FORWARD|CNI-FORWARD -m comment --comment "CNI firewall plugin (rules|admin overrides)" -j CNI-ADMIN|CNI-FORWARD -d ${CIDR} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT|CNI-FORWARD -s ${CIDR} -j ACCEPT)$`,
    why: FIREWALL,
    effectWhenBypassed: "none",
  },
];

/** What the reference plug-ins portmap, ptp, bridge and firewall write. containernetworking/plugins. */
export const cniEntries: readonly AllowEntry[] = RULES.map(({ table = "nat", ...entry }): AllowEntry => {
  return { ...entry, families: ["ip", "ip6"], tables: [table], owner: "CNI plug-ins" };
});
