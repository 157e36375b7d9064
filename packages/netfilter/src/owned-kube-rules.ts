import type { AllowEntry } from "./allow-entry.ts";

const HASH = "[A-Z0-9]{16}";
const ADDRESS = String.raw`[0-9a-f.:]{2,39}`;
const CIDR = String.raw`${ADDRESS}/\d{1,3}`;
const PROTOCOL = "(tcp|udp|sctp)";
const PORT = String.raw`\d{1,5}`;
const SERVICE = String.raw`[a-z0-9.-]{1,63}/[a-z0-9.-]{1,253}(:[A-Za-z0-9.-]{1,63})?`;
const BACKEND = String.raw`"${SERVICE} -> ${ADDRESS}(:${PORT})?|"${SERVICE} -> \[${ADDRESS}\]:${PORT}`;

type KubeRules = { readonly id: string; readonly tables: readonly string[]; readonly chain: string; readonly rules: readonly string[] };

const KUBE_PROXY_NAT: readonly KubeRules[] = [
  {
    id: "kube-portals",
    tables: ["nat", "filter"],
    chain: "^(PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING)$",
    rules: [
      `( -m conntrack --ctstate NEW)? -m comment --comment "kubernetes (service portals|externally-visible service portals)" -j KUBE-(SERVICES|EXTERNAL-SERVICES)`,
      ` -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL`,
      ` -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING`,
      ` -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD`,
      ` -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS`,
    ],
  },
  {
    id: "kube-services",
    tables: ["nat"],
    chain: "KUBE-SERVICES",
    rules: [
      ` -d ${CIDR} -p ${PROTOCOL} -m comment --comment "${SERVICE} (cluster IP|external IP|loadbalancer IP)" -m ${PROTOCOL} --dport ${PORT} -j KUBE-(SVC|SVL|EXT|FW)-${HASH}`,
      String.raw` -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS`,
    ],
  },
  {
    id: "kube-nodeports",
    tables: ["nat"],
    chain: "KUBE-NODEPORTS",
    rules: [
      ` (-d ${CIDR} )?-p ${PROTOCOL} -m comment --comment "${SERVICE}" -m ${PROTOCOL} --dport ${PORT} -j KUBE-(SVC|SVL|EXT|XLB)-${HASH}`,
    ],
  },
  {
    id: "kube-service",
    tables: ["nat"],
    chain: `^KUBE-(SVC|SVL)-${HASH}$`,
    rules: [
      ` ! -s ${CIDR} -d ${CIDR} -p ${PROTOCOL} -m comment --comment "${SERVICE} cluster IP" -m ${PROTOCOL} --dport ${PORT} -j KUBE-MARK-MASQ`,
      ` -m comment --comment (${BACKEND})" (-m recent --name KUBE-SEP-${HASH} --rcheck --seconds ${PORT} --reap --mask ${ADDRESS} --rsource |-m statistic --mode random --probability [01][.][0-9]{1,12} )?-j KUBE-SEP-${HASH}`,
    ],
  },
  {
    id: "kube-external",
    tables: ["nat"],
    chain: `^KUBE-(EXT|FW|XLB)-${HASH}$`,
    rules: [
      ` -m comment --comment "masquerade traffic for ${SERVICE} external destinations" -j KUBE-MARK-MASQ`,
      ` -s ${CIDR} -m comment --comment "pod traffic for ${SERVICE} external destinations" -j KUBE-SVC-${HASH}`,
      ` -m comment --comment "masquerade LOCAL traffic for ${SERVICE} external destinations" -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ`,
      ` -m comment --comment "route LOCAL traffic for ${SERVICE} external destinations" -m addrtype --src-type LOCAL -j KUBE-SVC-${HASH}`,
      `( -m comment --comment "${SERVICE} loadbalancer IP")? -j KUBE-(SVC|SVL|EXT|XLB|MARK)-(${HASH}|MASQ|DROP)`,
    ],
  },
  {
    id: "kube-endpoint",
    tables: ["nat"],
    chain: `^KUBE-SEP-${HASH}$`,
    rules: [
      ` -s ${CIDR} -m comment --comment "${SERVICE}" -j KUBE-MARK-MASQ`,
      String.raw` -p ${PROTOCOL} -m comment --comment "${SERVICE}"( -m recent --set --name KUBE-SEP-${HASH} --mask ${ADDRESS} --rsource)? -m ${PROTOCOL} -j DNAT --to-destination (${ADDRESS}|\[${ADDRESS}\]:${PORT})`,
    ],
  },
  {
    id: "kube-marks",
    tables: ["nat"],
    chain: "^KUBE-MARK-(MASQ|DROP)$",
    rules: [" -j MARK --(set-xmark 0x4000/0x4000|set-xmark 0x8000/0x8000|or-mark 0x[48]000)"],
  },
  {
    id: "kube-postrouting",
    tables: ["nat"],
    chain: "KUBE-POSTROUTING",
    rules: [
      " -m mark ! --mark 0x4000/0x4000 -j RETURN",
      " -j MARK --(set-xmark 0x4000/0x0|xor-mark 0x4000)",
      ` -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE( --random-fully)?`,
      ` -m comment --comment "Kubernetes endpoints dst ip:port, source ip for solving hairpin purpose" -m set --match-set KUBE-LOOP-BACK dst,dst,src -j MASQUERADE`,
    ],
  },
];

const KUBE_PROXY_FILTER: readonly KubeRules[] = [
  {
    id: "kube-forward",
    tables: ["filter"],
    chain: "KUBE-FORWARD",
    rules: [
      " -m conntrack --ctstate INVALID( -m nfacct --nfacct-name ct_state_invalid_dropped_pkts)? -j DROP",
      ` -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT`,
      ` -m comment --comment "kubernetes forwarding conntrack( pod source| pod destination)? rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
    ],
  },
  {
    id: "kube-no-endpoints",
    tables: ["filter"],
    chain: "^KUBE-(SERVICES|EXTERNAL-SERVICES|NODEPORTS|PROXY-FIREWALL)$",
    rules: [
      ` (-d ${CIDR} )?-p ${PROTOCOL} -m comment --comment "${SERVICE} has no (local )?endpoints" (-m addrtype --dst-type LOCAL )?-m ${PROTOCOL} --dport ${PORT} -j (DROP|REJECT --reject-with icmp6?-port-unreachable)`,
      ` -p tcp -m comment --comment "${SERVICE} health check node port" -m tcp --dport ${PORT} -j ACCEPT`,
      ` -d ${CIDR} -p ${PROTOCOL} -m comment --comment "${SERVICE} traffic not accepted by KUBE-FW-${HASH}" -m ${PROTOCOL} --dport ${PORT} -j DROP`,
    ],
  },
];

const KUBELET: readonly KubeRules[] = [
  {
    id: "kube-firewall-jump",
    tables: ["filter"],
    chain: "^(INPUT|OUTPUT)$",
    rules: [" -j KUBE-FIREWALL"],
  },
  {
    id: "kube-firewall",
    tables: ["filter"],
    chain: "KUBE-FIREWALL",
    rules: [
      ` ! -s (127.0.0.0/8|::1/128) -d (127.0.0.0/8|::1/128) -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP`,
      ` -m comment --comment "kubernetes firewall for dropping marked packets" -m mark --mark 0x8000/0x8000 -j DROP`,
    ],
  },
];

type Owner = Pick<AllowEntry, "owner" | "why" | "effectWhenBypassed">;

function entries(kinds: readonly KubeRules[], owner: Owner): AllowEntry[] {
  return kinds.flatMap(({ id, tables, chain, rules }) => {
    const name = chain.startsWith("^") ? chain.slice(1, -1) : chain;
    return rules.map((rule, index): AllowEntry => {
      return { id: `${id}-${index + 1}`, families: ["ip", "ip6"], tables, chain, rule: `^-A ${name}(${rule})$`, ...owner };
    });
  });
}

/** What kube-proxy writes. pkg/proxy/iptables/proxier.go of Kubernetes. */
export const kubeProxyEntries: readonly AllowEntry[] = [
  ...entries(KUBE_PROXY_NAT, {
    owner: "kube-proxy",
    why: "Connections to Services are translated by the stack, where the gate leaves them.",
    effectWhenBypassed: "kept",
  }),
  ...entries(KUBE_PROXY_FILTER, {
    owner: "kube-proxy",
    why: "Packets to Services without endpoints go through the stack, where the gate leaves them; the others it only accepts.",
    effectWhenBypassed: "kept",
  }),
];

/** What kubelet writes. pkg/kubelet/kubelet_network_linux.go of Kubernetes. */
export const kubeletEntries: readonly AllowEntry[] = entries(KUBELET, {
  owner: "kubelet",
  why: "Guards the node's own loopback addresses.",
  effectWhenBypassed: "none",
});
