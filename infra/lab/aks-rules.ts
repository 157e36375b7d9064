/** Wireserver and metadata service of Azure: host addresses that pods must not reach. */
const WIRESERVER = "168.63.129.16/32";
const METADATA = "169.254.169.254/32";

/** Addresses of the node-local DNS cache, whose traffic is not tracked. */
const LOCAL_DNS = ["169.254.10.10/32", "169.254.10.11/32"];

/** What the rules of one node depend on. */
export interface RuleInput {
  readonly nodeIpv4: string;
  /** Destinations that keep the pod's own source address: link-local, pod, Service and node ranges, IPv4 and IPv6. */
  readonly notMasqueraded: readonly string[];
}

/**
 * The packet filter rules that an AKS node has before Kubernetes adds its own, as iptables-restore reads them.
 * Owners: wireserver drops by node set-up, metadata restriction by AgentBaker, `security` by waagent, IP-MASQ-AGENT by ip-masq-agent,
 * NOTRACK by localdns.
 */
export function aksRulesV4(input: RuleInput): string {
  const track = ["PREROUTING", "OUTPUT"].flatMap((chain) =>
    LOCAL_DNS.flatMap((address) => ["tcp", "udp"].map((protocol) => `-A ${chain} -d ${address} -p ${protocol} --dport 53 -j NOTRACK`)),
  );
  return restoreText({
    raw: track,
    filter: [
      `-A FORWARD -d ${WIRESERVER} -p tcp --dport 80 -j DROP`,
      `-A FORWARD -d ${WIRESERVER} -p tcp --dport 32526 -j DROP`,
      `-A FORWARD ! -s ${input.nodeIpv4}/32 -d ${METADATA} -p tcp --dport 80 -m comment --comment "AKS managed: added by AgentBaker ensureIMDSRestriction for IMDS restriction feature" -j DROP`,
      "-A INPUT -p udp --dport 68 -j ACCEPT",
    ],
    security: [
      `-A OUTPUT -d ${WIRESERVER} -p tcp --dport 53 -j ACCEPT`,
      `-A OUTPUT -d ${WIRESERVER} -p tcp -m owner --uid-owner 0 -j ACCEPT`,
      `-A OUTPUT -d ${WIRESERVER} -p tcp -m conntrack --ctstate INVALID,NEW -j DROP`,
    ],
    nat: masquerade(input.notMasqueraded.filter((cidr) => !cidr.includes(":"))),
  });
}

/** The IPv6 half: masquerading and DHCP. */
export function aksRulesV6(input: RuleInput): string {
  return restoreText({
    filter: ["-A INPUT -p udp --dport 546 -j ACCEPT"],
    nat: masquerade(input.notMasqueraded.filter((cidr) => cidr.includes(":"))),
  });
}

function masquerade(kept: readonly string[]): string[] {
  return [
    '-A POSTROUTING -m comment --comment "ip-masq-agent: ensure nat POSTROUTING directs all non-LOCAL destination traffic to our custom IP-MASQ-AGENT chain" -m addrtype ! --dst-type LOCAL -j IP-MASQ-AGENT',
    ...kept.map(
      (cidr) => `-A IP-MASQ-AGENT -d ${cidr} -m comment --comment "ip-masq-agent: local traffic is not subject to MASQUERADE" -j RETURN`,
    ),
    '-A IP-MASQ-AGENT -m comment --comment "ip-masq-agent: outbound traffic is subject to MASQUERADE (must be last in chain)" -j MASQUERADE',
  ];
}

function restoreText(tables: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(tables)
    .map(([table, rules]) => [`*${table}`, ...(table === "nat" ? [":IP-MASQ-AGENT - [0:0]"] : []), ...rules, "COMMIT", ""].join("\n"))
    .join("");
}
