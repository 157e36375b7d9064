import type { AllowEntry } from "./allow-entry.ts";

const NODE_SETUP = "AKS node set-up";
const GUEST_AGENT = "Azure guest agent";
const WIRESERVER = "168.63.129.16/32";
const ADDRESS = String.raw`[0-9a-f.:]{2,39}`;

const WIRESERVER_PORTS = { "80": "its HTTP service", "32526": "its host plug-in" };

const wireserver = Object.entries(WIRESERVER_PORTS).map(([port, what]): AllowEntry => {
  return {
    id: `wireserver-${port}`,
    families: ["ip"],
    tables: ["filter", "mangle"],
    chain: "FORWARD",
    rule: { destination: WIRESERVER, protocol: "tcp", destinationPorts: port, action: "DROP" },
    owner: NODE_SETUP,
    why: `Pods must not reach ${what} of the wireserver, which hands out the node's credentials.`,
    effectWhenBypassed: "replaced",
    expected: true,
  };
});

const metadata: AllowEntry = {
  id: "imds-restriction",
  families: ["ip"],
  tables: ["filter", "mangle"],
  chain: "FORWARD",
  rule: String.raw`^-A FORWARD ! -s [0-9.]{7,15}/32 -d 169\.254\.169\.254/32 -p tcp -m tcp --dport 80 -m comment --comment "AKS managed: added by AgentBaker ensureIMDSRestriction for IMDS restriction feature" -j DROP$`,
  owner: "AgentBaker",
  why: "Pods must not reach the metadata service, which hands out the node's identity.",
  effectWhenBypassed: "replaced",
  expected: true,
};

/** The oldest images that run a kernel and a Kubernetes that host routing takes. */
const SUPPORTED = { from: "202401.01.0" };
/** AgentBaker #6110 of April 2025 put LocalDNS into images. */
const WITH_LOCAL_DNS = { from: "202504.01.0" };
/** AgentBaker #9230 of 17 August 2026, taken back by #9247 two days later; images that were made between have the rules. */
const WITH_UNTRACKED_REPLIES = { from: "202608.01.0", to: "202609.30.0" };
/** Images are supported for six months. */
const REPLIES_RETIRED_AFTER = "2027-03-31";

const dhcp = [
  { id: "dhcp-client", family: "ip", port: "68" },
  { id: "dhcpv6-client", family: "ip6", port: "546" },
] as const;

const dhcpEntries = dhcp.map(({ id, family, port }): AllowEntry => {
  return {
    id,
    families: [family],
    tables: ["filter"],
    chain: "INPUT",
    rule: { protocol: "udp", destinationPorts: port, action: "ACCEPT" },
    owner: NODE_SETUP,
    why: "The node's own lease.",
    effectWhenBypassed: "none",
    nodeImages: SUPPORTED,
    lasting: true,
  };
});

/** Rules of the guest agent in the security table, by what they do. */
const guestAgentRules = {
  "waagent-dns": { protocol: "tcp", destinationPorts: "53", action: "ACCEPT" },
  "waagent-root": { protocol: "tcp", matches: ["owner"], options: ["--uid-owner 0"], action: "ACCEPT" },
  "waagent-others": { protocol: "tcp", matches: ["conntrack"], options: ["--ctstate INVALID,NEW"], action: "DROP" },
};

const guestAgent = Object.entries(guestAgentRules).map(([id, rule]): AllowEntry => {
  return {
    id,
    families: ["ip"],
    tables: ["security"],
    chain: "OUTPUT",
    rule: { destination: WIRESERVER, ...rule },
    owner: GUEST_AGENT,
    why: "Of the node's own processes only those of root talk to the wireserver.",
    effectWhenBypassed: "none",
    nodeImages: SUPPORTED,
    // Older agents do not let names through to all.
    ...(id === "waagent-dns" ? { lasting: true } : { expected: true }),
  };
});

const localDns = ["169.254.10.10", "169.254.10.11"].flatMap((address) =>
  ["PREROUTING", "OUTPUT"].flatMap((chain) => ["tcp", "udp"].map((protocol) => localDnsEntry(address, chain, protocol))),
);

function localDnsEntry(address: string, chain: string, protocol: string): AllowEntry {
  const host = address.replaceAll(".", String.raw`\.`);
  const remark = String.raw`( -m comment --comment "localdns: skip conntrack")?`;
  return {
    id: `localdns-${address.split(".").at(-1)}-${protocol}-${chain.toLowerCase()}`,
    families: ["ip"],
    tables: ["raw"],
    chain,
    rule: String.raw`^-A ${chain} -d ${host}/32 -p ${protocol}${remark}( -m ${protocol})? --dport 53${remark} -j (NOTRACK|CT --notrack)$`,
    owner: "LocalDNS",
    why: "Questions to the node's name cache stay out of the connection table.",
    effectWhenBypassed: "none",
    nodeImages: WITH_LOCAL_DNS,
    expected: true,
  };
}

const localDnsReplies: AllowEntry = {
  id: "localdns-replies",
  families: ["ip"],
  tables: ["raw"],
  chain: "^(PREROUTING|OUTPUT)$",
  rule: String.raw`^-A (PREROUTING|OUTPUT) -s 169\.254\.10\.1[01]/32 -p (tcp|udp)( -m comment --comment "localdns: skip conntrack")?( -m (tcp|udp))? --sport 53 -j (NOTRACK|CT --notrack)$`,
  owner: "LocalDNS",
  why: "Some images keep the answers out of the connection table as well.",
  effectWhenBypassed: "none",
  lasting: true,
  nodeImages: WITH_UNTRACKED_REPLIES,
  retireAfter: REPLIES_RETIRED_AFTER,
};

const swift: readonly AllowEntry[] = [
  {
    id: "swift-jump",
    families: ["ip", "ip6"],
    tables: ["nat"],
    chain: "POSTROUTING",
    rule: "^-A POSTROUTING -j SWIFT(-POSTROUTING)?$",
    owner: "Azure CNS",
    why: "Leads to the translation of pods' questions to the platform.",
    effectWhenBypassed: "replaced",
    lasting: true,
  },
  {
    id: "swift-snat",
    families: ["ip", "ip6"],
    tables: ["nat"],
    chain: "^SWIFT(-POSTROUTING)?$",
    rule: String.raw`^-A SWIFT(-POSTROUTING)? -s ${ADDRESS}/\d{1,3} -d (168\.63\.129\.16/32 -p (udp|tcp)|169\.254\.169\.254/32 -p tcp)( -m addrtype ! --dst-type LOCAL)?( -m (udp|tcp))? --dport (53|80) -j SNAT --to-source ${ADDRESS}$`,
    owner: "Azure CNS",
    why: "Name and metadata services of the platform answer the node's address alone; masquerading by eBPF does the same.",
    effectWhenBypassed: "replaced",
  },
];

const masquerading: readonly AllowEntry[] = [
  {
    id: "ip-masq-agent-jump",
    families: ["ip", "ip6"],
    tables: ["nat"],
    chain: "POSTROUTING",
    rule: {
      comment: "ip-masq-agent: ensure nat POSTROUTING directs all non-LOCAL destination traffic to our custom IP-MASQ-AGENT chain",
      matches: ["addrtype"],
      options: ["! --dst-type LOCAL"],
      action: "IP-MASQ-AGENT",
    },
    owner: "ip-masq-agent",
    why: "Leads to masquerading, which eBPF does by the same configuration.",
    effectWhenBypassed: "replaced",
    expected: true,
  },
  {
    id: "ip-masq-agent-return",
    families: ["ip", "ip6"],
    tables: ["nat"],
    chain: "IP-MASQ-AGENT",
    rule: String.raw`^-A IP-MASQ-AGENT -d ${ADDRESS}/\d{1,3} -m comment --comment "ip-masq-agent: local traffic is not subject to MASQUERADE" -j RETURN$`,
    owner: "ip-masq-agent",
    why: "Destinations that see the pod's own address; masquerading by eBPF reads the same list.",
    effectWhenBypassed: "replaced",
  },
  {
    id: "ip-masq-agent-masquerade",
    families: ["ip", "ip6"],
    tables: ["nat"],
    chain: "IP-MASQ-AGENT",
    rule: String.raw`^-A IP-MASQ-AGENT -m comment --comment "ip-masq-agent: outbound traffic is subject to MASQUERADE \(must be last in chain\)" -j MASQUERADE( --random-fully)?$`,
    owner: "ip-masq-agent",
    why: "What leaves the cluster has the node's address; eBPF does the same, and hands connections over that the kernel began.",
    effectWhenBypassed: "replaced",
    expected: true,
  },
];

/** What AKS and its parts put on every node. AgentBaker, azure-cns, ip-masq-agent, WALinuxAgent. */
export const aksEntries: readonly AllowEntry[] = [
  ...wireserver,
  metadata,
  ...dhcpEntries,
  ...guestAgent,
  ...localDns,
  localDnsReplies,
  ...swift,
  ...masquerading,
];
