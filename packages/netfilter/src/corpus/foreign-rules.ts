import { bothFamilies, dump, nftDump, type CorpusCase, type Tables } from "./corpus-case.ts";
import { kubeProxyTables, KUBE_PROXY_RULES } from "./node-parts.ts";

/** Rules that pretend to be somebody's, each put into a node with kube-proxy's. */
const PRETENDERS: readonly (readonly [table: string, rule: string])[] = [
  ["filter", '-A FORWARD -s 10.9.0.0/16 -m comment --comment "cilium: any->cluster on cilium_host forward accept" -j DROP'],
  ["filter", "-A FORWARD -s 10.9.0.0/16 -m comment --comment cilium: -j DROP"],
  ["filter", '-A FORWARD -s 10.9.0.0/16 -m comment --comment "cilium-feeder: CILIUM_FORWARD" -j DROP'],
  ["filter", '-A FORWARD -s 10.9.0.0/16 -m comment --comment "kubernetes forwarding rules" -j DROP'],
  [
    "filter",
    '-A FORWARD -s 10.9.0.0/16 -m comment --comment "AKS managed: added by AgentBaker ensureIMDSRestriction for IMDS restriction feature" -j DROP',
  ],
  ["filter", '-A KUBE-FORWARD -s 10.9.0.0/16 -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j DROP'],
  ["filter", '-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j DROP'],
  ["filter", "-A KUBE-FORWARD -m conntrack --ctstate INVALID,NEW -j DROP"],
  ["filter", "-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP -s 10.9.0.0/16"],
  [
    "filter",
    '-A KUBE-SERVICES -d 10.0.13.7/16 -p tcp -m comment --comment "shop/idle:http" -m tcp --dport 80 -j REJECT --reject-with tcp-reset',
  ],
  ["filter", '-A CILIUM_FORWARD -o cilium_host -m comment --comment "cilium: any->cluster on cilium_host forward accept" -j DROP'],
  ["filter", String.raw`-A FORWARD -m comment --comment "\" -j ACCEPT" -j DROP`],
  ["filter", "-A FORWARD -m comment --comment -j -j DROP"],
  [
    "nat",
    '-A KUBE-SERVICES -d 10.0.12.7/32 -p tcp -m comment --comment "shop/cart:http cluster IP" -m tcp --dport 80 -j DNAT --to-destination 10.9.9.9:80',
  ],
  ["nat", '-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j MASQUERADE'],
  ["nat", "-A KUBE-POSTROUTING -s 10.9.0.0/16 -j SNAT --to-source 10.9.9.9"],
  ["nat", "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x1/0x1"],
  ["nat", "-A CNI-HOSTPORT-DNAT -p tcp -m tcp --dport 22 -j DNAT --to-destination 10.9.9.9:22"],
  ["mangle", "-A KUBE-KUBELET-CANARY -j DROP\n-A FORWARD -j KUBE-KUBELET-CANARY"],
];

const pretenders = PRETENDERS.map(([table, rule]): CorpusCase => {
  const [first = "", ...more] = rule.split("\n");
  const feeders: Tables = {
    filter: ["-A FORWARD -j CILIUM_FORWARD", "-N CILIUM_FORWARD"],
    nat: ["-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT", "-N CNI-HOSTPORT-DNAT"],
    mangle: [],
  };
  const tables = { ...kubeProxyTables, [table]: [...(kubeProxyTables[table] ?? []), ...(feeders[table] ?? []), first, ...more] };
  return { name: `pretends: ${table} ${first}`, dumps: [dump(tables)], state: "Dirty", found: [first] };
});

const MATCHES = [
  "-p tcp -m multiport --dports 80,443,8000:8100",
  "-p udp -m multiport ! --sports 53,123",
  "-p tcp -m tcp ! --dport 1:1023",
  "! -i eth0 ! -o eth1",
  "-p sctp -m sctp --dport 3868",
  '-m string --string "a \\"quoted\\" word" --algo bm --to 65535',
  '-m comment --comment "a; b | c $(d) `e` \\\\ f"',
  "-m conntrack --ctstate NEW -m recent --set --name seen --mask 255.255.255.255 --rsource",
  "-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN",
  "-m moonphase --full",
];

const ENDS = [
  { end: "-j DROP", is: "Bypassed" },
  { end: "-j MARK --set-xmark 0x5/0xffffffff", is: "Bypassed" },
  { end: "-j ACCEPT", is: "Inert" },
  { end: '-j LOG --log-prefix "seen: "', is: "Inert" },
] as const;

const matched = MATCHES.flatMap((match) =>
  ENDS.map(({ end, is }): CorpusCase => {
    // What is not known may do something; with a drop behind it that makes no difference.
    const expected = match.includes("moonphase") && is === "Inert" ? "Unknown" : is;
    const state = expected === "Bypassed" ? "Dirty" : expected === "Inert" ? "Clean" : "Unknown";
    const rule = `-A FORWARD ${match} ${end}`;
    return { name: `both families: ${rule}`, dumps: bothFamilies({ filter: [rule] }), state, classes: { [expected]: 2 } };
  }),
);

const WIRESERVER = "-A FORWARD -d 168.63.129.16/32 -p tcp -m tcp --dport 80 -j DROP";
const RAW = { source: "iptables-nft-save" } as const;
const IP_FILTER = { family: "ip", table: "filter" };
const NFT_FORWARD = [
  { table: { family: "ip", name: "filter", handle: 1 } },
  { chain: { ...IP_FILTER, name: "FORWARD", handle: 1, type: "filter", hook: "forward", prio: 0, policy: "accept" } },
  { rule: { ...IP_FILTER, chain: "FORWARD", handle: 2, expr: [{ drop: null }] } },
];

const single: readonly CorpusCase[] = [
  { name: "nothing was asked", dumps: [], state: "Unknown", classes: {} },
  { name: "a tool failed", dumps: [dump({}), { source: "nft-json", failed: "it took longer than 10 s" }], state: "Unknown", classes: {} },
  {
    name: "a tool failed, and another shows a drop",
    dumps: [dump({ filter: ["-A FORWARD -j DROP"] }), { source: "nft-json", failed: "not installed" }],
    state: "Dirty",
    classes: { Bypassed: 1 },
  },
  { name: "a text that was cut off", dumps: [{ ...RAW, text: "*filter\n:FORWARD ACCEPT [0:0]\n" }], state: "Unknown", classes: {} },
  { name: "a line that is no rule", dumps: [{ ...RAW, text: "*filter\nhello\nCOMMIT\n" }], state: "Unknown", classes: {} },
  { name: "a rule of no chain", dumps: [{ ...RAW, text: "*filter\n-A LOST -j DROP\nCOMMIT\n" }], state: "Unknown", classes: {} },
  {
    name: "a quote that stays open",
    dumps: [dump({ filter: ['-A FORWARD -m comment --comment "oh -j DROP'] })],
    state: "Unknown",
    classes: {},
  },
  {
    name: "a table that iptables-nft cannot show, nft not asked",
    dumps: [{ ...RAW, text: "# Table `filter' is incompatible, use 'nft' tool.\n" }],
    state: "Unknown",
    classes: {},
  },
  {
    name: "a table that iptables-nft cannot show, nft asked",
    dumps: [{ ...RAW, text: "# Table `filter' is incompatible, use 'nft' tool.\n" }, nftDump(...NFT_FORWARD)],
    state: "Dirty",
    classes: { Bypassed: 1 },
  },
  {
    name: "the same rule in both views counts once",
    dumps: [dump({ filter: ["-A FORWARD -j DROP"] }), nftDump(...NFT_FORWARD)],
    state: "Dirty",
    classes: { Bypassed: 1 },
  },
  {
    name: "iptables-nft failed, and nft shows its table in words that no entry knows",
    dumps: [{ source: "iptables-nft-save", failed: "it took longer than 10 s" }, nftDump(...NFT_FORWARD)],
    state: "Unknown",
    classes: {},
  },
  {
    name: "ip6tables-nft failed, and nft shows a table of the other family",
    dumps: [{ source: "ip6tables-nft-save", failed: "it took longer than 10 s" }, nftDump(...NFT_FORWARD)],
    state: "Dirty",
    classes: { Bypassed: 1 },
  },
  {
    name: "a table of the legacy backend is no twin of the one of nft",
    dumps: [dump({ filter: ["-A FORWARD -j DROP"] }, "iptables-legacy-save"), nftDump(...NFT_FORWARD)],
    state: "Dirty",
    classes: { Bypassed: 2 },
  },
  {
    name: "an accept in front of a default that policies replace",
    dumps: [dump({ filter: ["-A FORWARD -s 10.244.1.5/32 -j ACCEPT", WIRESERVER] })],
    state: "Dirty",
    classes: { Bypassed: 1, Owned: 1 },
    found: ["10.244.1.5/32"],
  },
  {
    name: "an accept behind a default that policies replace",
    dumps: [dump({ filter: [WIRESERVER, "-A FORWARD -s 10.244.1.5/32 -j ACCEPT"] })],
    state: "Clean",
    classes: { Inert: 1, Owned: 1 },
  },
  {
    name: "a jump to a chain of nothing but logging",
    dumps: [dump({ filter: ["-A FORWARD -j NOTE", "-A NOTE -j LOG", "-A NOTE -j RETURN"] })],
    state: "Clean",
    classes: { Inert: 3 },
  },
  {
    name: "a chain that nothing leads to",
    dumps: [dump({ filter: ["-A LONELY -j DROP"] })],
    state: "Clean",
    classes: { Inert: 1 },
  },
  {
    name: "a target that is neither a chain nor known",
    dumps: [dump({ filter: ["-A FORWARD -j NOWHERE"] })],
    state: "Unknown",
    classes: { Unknown: 1 },
  },
  {
    name: "a chain that input and forward share",
    dumps: [dump({ filter: ["-A INPUT -j BOTH", "-A FORWARD -j BOTH", "-A BOTH -s 10.9.0.0/16 -j DROP"] })],
    state: "Dirty",
    classes: { Unaffected: 1, Bypassed: 2 },
  },
  {
    name: "zones of conntrack in raw",
    dumps: [dump({ raw: ["-A PREROUTING -i eth1 -j CT --zone 5"] })],
    state: "Dirty",
    classes: { Bypassed: 1 },
  },
  {
    name: "kube-proxy with an accept of somebody in front",
    dumps: [dump({ ...kubeProxyTables, filter: ["-A FORWARD -j ACCEPT", ...(kubeProxyTables["filter"] ?? [])] })],
    state: "Clean",
    classes: { Owned: KUBE_PROXY_RULES, Inert: 1 },
  },
  {
    name: "ebtables: a drop between ports of a bridge",
    dumps: [
      {
        source: "ebtables-nft-save",
        text: "*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\n-A FORWARD -p IPv4 --ip-src ! 10.9.0.1 -j DROP\n",
      },
    ],
    state: "Dirty",
    classes: { Bypassed: 1 },
  },
  {
    name: "ebtables: a chain whose end drops",
    dumps: [
      { source: "ebtables-nft-save", text: "*filter\n:FORWARD ACCEPT\n:MINE DROP\n-A FORWARD -i eth0 -j MINE\n-A MINE -p ARP -j ACCEPT\n" },
    ],
    state: "Dirty",
    classes: { Bypassed: 2, Inert: 1 },
  },
  {
    name: "ebtables: logging",
    dumps: [
      { source: "ebtables-nft-save", text: '*filter\n:FORWARD ACCEPT\n-A FORWARD --log-level notice --log-prefix "a b" -j CONTINUE\n' },
    ],
    state: "Clean",
    classes: { Inert: 1 },
  },
  {
    name: "arptables: a drop",
    dumps: [{ source: "arptables-nft-save", text: "*filter\n:INPUT ACCEPT\n:OUTPUT ACCEPT\n-A INPUT -j DROP -s 10.9.0.1\n" }],
    state: "Clean",
    classes: { Unaffected: 1 },
  },
];

/** Rules of nobody that is known, and texts that say too little. */
export const foreignRules: readonly CorpusCase[] = [...pretenders, ...matched, ...single];
