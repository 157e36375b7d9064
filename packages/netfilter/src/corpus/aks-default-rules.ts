import type { RuleClass } from "../classify-rules.ts";

/** A rule that AKS nodes have, and what becomes of it when one token of it is another. */
export interface DefaultRule {
  readonly family: "ip" | "ip6";
  readonly table: string;
  readonly rule: string;
  /** The entry that is missed when the rule is not there; absent where the rule follows a configuration. */
  readonly entry?: string;
  /** What the altered rule is: nobody's, and judged by what it does. */
  readonly altered: RuleClass;
  readonly tokens: readonly (readonly [from: string, to: string])[];
}

const DROP_TOKENS = [
  ["-A FORWARD", "-A FORWARD -i eth0"],
  ["-p tcp -m tcp", "-p udp -m udp"],
  ["-j DROP", "-j REJECT --reject-with icmp-port-unreachable"],
  ["-j DROP", "-m comment --comment cilium -j DROP"],
] as const;

const IMDS_REMARK = '-m comment --comment "AKS managed: added by AgentBaker ensureIMDSRestriction for IMDS restriction feature"';
const MASQ_JUMP =
  '-m comment --comment "ip-masq-agent: ensure nat POSTROUTING directs all non-LOCAL destination traffic to our custom IP-MASQ-AGENT chain"';

const forward: readonly DefaultRule[] = [
  ...["80", "32526"].map((port): DefaultRule => {
    return {
      family: "ip",
      table: "filter",
      rule: `-A FORWARD -d 168.63.129.16/32 -p tcp -m tcp --dport ${port} -j DROP`,
      entry: `wireserver-${port}`,
      altered: "Bypassed",
      tokens: [
        ...DROP_TOKENS,
        ["168.63.129.16/32", "168.63.129.0/24"],
        ["-d ", "! -d "],
        ["-d ", "-s "],
        [`--dport ${port}`, "--dport 81"],
      ],
    };
  }),
  {
    family: "ip",
    table: "filter",
    rule: `-A FORWARD ! -s 10.224.0.4/32 -d 169.254.169.254/32 -p tcp -m tcp --dport 80 ${IMDS_REMARK} -j DROP`,
    entry: "imds-restriction",
    altered: "Bypassed",
    tokens: [
      ...DROP_TOKENS,
      ["! -s", "-s"],
      ["10.224.0.4/32", "10.224.0.0/16"],
      ["169.254.169.254/32", "169.254.169.0/24"],
      ["AgentBaker", "AgentMaker"],
    ],
  },
];

const hostOnly: readonly DefaultRule[] = [
  {
    family: "ip",
    table: "filter",
    rule: "-A INPUT -p udp -m udp --dport 68 -j ACCEPT",
    entry: "dhcp-client",
    altered: "Unaffected",
    tokens: [
      ["68", "69"],
      ["-p udp -m udp", "-p tcp -m tcp"],
      ["ACCEPT", "DROP"],
      ["-A INPUT", "-A INPUT -i eth0"],
    ],
  },
  {
    family: "ip",
    table: "security",
    rule: "-A OUTPUT -d 168.63.129.16/32 -p tcp -m tcp --dport 53 -j ACCEPT",
    entry: "waagent-dns",
    altered: "Unaffected",
    tokens: [
      ["53", "54"],
      ["168.63.129.16/32", "168.63.129.17/32"],
      ["ACCEPT", "DROP"],
    ],
  },
  {
    family: "ip",
    table: "security",
    rule: "-A OUTPUT -d 168.63.129.16/32 -p tcp -m owner --uid-owner 0 -j ACCEPT",
    entry: "waagent-root",
    altered: "Unaffected",
    tokens: [
      ["--uid-owner 0", "--uid-owner 1000"],
      ["--uid-owner", "--gid-owner"],
      ["ACCEPT", "DROP"],
      ["-m owner", "-m owner !"],
    ],
  },
  {
    family: "ip",
    table: "security",
    rule: "-A OUTPUT -d 168.63.129.16/32 -p tcp -m conntrack --ctstate INVALID,NEW -j DROP",
    entry: "waagent-others",
    altered: "Unaffected",
    tokens: [
      ["INVALID,NEW", "INVALID"],
      ["DROP", "ACCEPT"],
      ["-p tcp", "-p udp"],
      ["--ctstate", "! --ctstate"],
    ],
  },
];

const localDns = ["169.254.10.10", "169.254.10.11"].flatMap((address) =>
  ["PREROUTING", "OUTPUT"].flatMap((chain) =>
    ["tcp", "udp"].map((protocol): DefaultRule => {
      return {
        family: "ip",
        table: "raw",
        rule: `-A ${chain} -d ${address}/32 -p ${protocol} -m ${protocol} --dport 53 -j NOTRACK`,
        entry: `localdns-${address.slice(-2)}-${protocol}-${chain.toLowerCase()}`,
        altered: chain === "OUTPUT" ? "Unaffected" : "Inert",
        tokens: [
          ["--dport 53", "--dport 5353"],
          [address, "169.254.10.12"],
          ["NOTRACK", "ACCEPT"],
          ["-d ", "! -d "],
        ],
      };
    }),
  ),
);

const translation: readonly DefaultRule[] = [
  {
    family: "ip",
    table: "nat",
    rule: "-A POSTROUTING -j SWIFT",
    entry: "swift-jump",
    altered: "Bypassed",
    tokens: [
      ["-j", "-g"],
      ["-A POSTROUTING", "-A POSTROUTING -o eth0"],
      ["-A POSTROUTING", "-A PREROUTING"],
    ],
  },
  ...(["udp 53 168.63.129.16", "tcp 53 168.63.129.16", "tcp 80 169.254.169.254"] as const).map((words): DefaultRule => {
    const [protocol, port, address] = words.split(" ");
    return {
      family: "ip",
      table: "nat",
      rule: `-A SWIFT -s 10.244.0.0/16 -d ${address}/32 -p ${protocol} -m addrtype ! --dst-type LOCAL -m ${protocol} --dport ${port} -j SNAT --to-source 10.224.0.4`,
      altered: "Bypassed",
      tokens: [
        [`${address}/32`, "0.0.0.0/0"],
        [`--dport ${port}`, "--dport 8080"],
        ["SNAT --to-source 10.224.0.4", "SNAT --to-source 10.224.0.4:1024-2048"],
        ["LOCAL", "UNICAST"],
        ["-j SNAT --to-source 10.224.0.4", "-j MASQUERADE"],
      ],
    };
  }),
  ...(["ip 10.244.0.0/16", "ip 10.0.0.0/16", "ip6 fd12:3456::/48"] as const).flatMap((words): readonly DefaultRule[] => {
    const [family, cidr] = words.split(" ") as ["ip" | "ip6", string];
    return [
      {
        family,
        table: "nat",
        rule: `-A IP-MASQ-AGENT -d ${cidr} -m comment --comment "ip-masq-agent: local traffic is not subject to MASQUERADE" -j RETURN`,
        altered: "Bypassed",
        tokens: [
          ["-d", "-s"],
          ["local traffic", "my traffic"],
          ["RETURN", "ACCEPT"],
          ["RETURN", "DROP"],
        ],
      },
    ];
  }),
  ...(["ip", "ip6"] as const).flatMap((family): readonly DefaultRule[] => [
    {
      family,
      table: "nat",
      rule: '-A IP-MASQ-AGENT -m comment --comment "ip-masq-agent: outbound traffic is subject to MASQUERADE (must be last in chain)" -j MASQUERADE',
      entry: "ip-masq-agent-masquerade",
      altered: "Bypassed",
      tokens: [
        ["MASQUERADE (must", "MASQUERADE (should"],
        ["-j MASQUERADE", "-j MASQUERADE --to-ports 1024-2048"],
        ["-A IP-MASQ-AGENT", "-A IP-MASQ-AGENT -o eth1"],
      ],
    },
    {
      family,
      table: "nat",
      rule: `-A POSTROUTING ${MASQ_JUMP} -m addrtype ! --dst-type LOCAL -j IP-MASQ-AGENT`,
      entry: "ip-masq-agent-jump",
      altered: "Bypassed",
      tokens: [
        ["! --dst-type", "--dst-type"],
        ["LOCAL -j", "MULTICAST -j"],
        ["non-LOCAL", "LOCAL"],
        ["-A POSTROUTING", "-A POSTROUTING -s 10.0.0.0/8"],
      ],
    },
  ]),
  {
    family: "ip6",
    table: "filter",
    rule: "-A INPUT -p udp -m udp --dport 546 -j ACCEPT",
    entry: "dhcpv6-client",
    altered: "Unaffected",
    tokens: [
      ["546", "547"],
      ["ACCEPT", "DROP"],
    ],
  },
];

/** All of them; every one is owned as it is. */
export const aksDefaultRules: readonly DefaultRule[] = [...forward, ...hostOnly, ...localDns, ...translation];
