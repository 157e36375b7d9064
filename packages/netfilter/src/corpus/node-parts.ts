import { bothFamilies, dump, saved, type CorpusCase, type Tables } from "./corpus-case.ts";

const HASH = "ABCDEFGHIJKLMNOP";
const OTHER = "QRSTUVWXYZ234567";

/** What kube-proxy writes for one Service with an endpoint, a node port and a load balancer, and one without endpoints. */
export const kubeProxyTables: Tables = {
  filter: [
    '-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL',
    '-A INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS',
    "-A INPUT -j KUBE-FIREWALL",
    '-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL',
    '-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD',
    '-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
    '-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES',
    "-A OUTPUT -j KUBE-FIREWALL",
    '-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP',
    "-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP",
    // since Kubernetes 1.33 kube-proxy counts them; iptables-save writes two blanks before the counter's name
    "-A KUBE-FORWARD -m conntrack --ctstate INVALID -m nfacct --nfacct-name  ct_state_invalid_dropped_pkts -j DROP",
    '-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT',
    '-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    '-A KUBE-SERVICES -d 10.0.13.7/32 -p tcp -m comment --comment "shop/idle:http has no endpoints" -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable',
    '-A KUBE-NODEPORTS -p tcp -m comment --comment "shop/cart:http health check node port" -m tcp --dport 31999 -j ACCEPT',
    "-N KUBE-EXTERNAL-SERVICES",
    "-N KUBE-PROXY-FIREWALL",
  ],
  nat: [
    '-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
    '-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
    '-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING',
    "-N KUBE-KUBELET-CANARY",
    `-A KUBE-SERVICES -d 10.0.12.7/32 -p tcp -m comment --comment "shop/cart:http cluster IP" -m tcp --dport 80 -j KUBE-SVC-${HASH}`,
    `-A KUBE-SERVICES -d 20.50.1.2/32 -p tcp -m comment --comment "shop/cart:http loadbalancer IP" -m tcp --dport 80 -j KUBE-EXT-${HASH}`,
    '-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS',
    `-A KUBE-NODEPORTS -p tcp -m comment --comment "shop/cart:http" -m tcp --dport 31080 -j KUBE-EXT-${HASH}`,
    `-A KUBE-EXT-${HASH} -m comment --comment "masquerade traffic for shop/cart:http external destinations" -j KUBE-MARK-MASQ`,
    `-A KUBE-EXT-${HASH} -j KUBE-SVC-${HASH}`,
    `-A KUBE-SVC-${HASH} ! -s 10.244.0.0/16 -d 10.0.12.7/32 -p tcp -m comment --comment "shop/cart:http cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ`,
    `-A KUBE-SVC-${HASH} -m comment --comment "shop/cart:http -> 10.244.1.5:8080" -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-${HASH}`,
    `-A KUBE-SVC-${HASH} -m comment --comment "shop/cart:http -> 10.244.2.6:8080" -j KUBE-SEP-${OTHER}`,
    `-A KUBE-SEP-${HASH} -s 10.244.1.5/32 -m comment --comment "shop/cart:http" -j KUBE-MARK-MASQ`,
    `-A KUBE-SEP-${HASH} -p tcp -m comment --comment "shop/cart:http" -m tcp -j DNAT --to-destination 10.244.1.5:8080`,
    `-A KUBE-SEP-${OTHER} -p tcp -m comment --comment "shop/cart:http" -m tcp -j DNAT --to-destination 10.244.2.6:8080`,
    "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000",
    "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN",
    "-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0",
    '-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully',
  ],
  mangle: ["-N KUBE-IPTABLES-HINT", "-N KUBE-KUBELET-CANARY"],
};

/** Rules among them. */
export const KUBE_PROXY_RULES = Object.values(kubeProxyTables)
  .flat()
  .filter((line) => line.startsWith("-A ")).length;

const kubeProxyV6 =
  '-A KUBE-SEP-ABCDEFGHIJKLMNOP -p tcp -m comment --comment "shop/cart:http" -m tcp -j DNAT --to-destination [fd00::5]:8080';
const NAME = String.raw`"name: \"kubenet\" id: \"0a1b2c3d\""`;
const PORTMAP = String.raw`"dnat name: \"kubenet\" id: \"0a1b2c3d\""`;

const ciliumTables: Tables = {
  filter: [
    '-A INPUT -m comment --comment "cilium-feeder: CILIUM_INPUT" -j CILIUM_INPUT',
    '-A FORWARD -m comment --comment "cilium-feeder: CILIUM_FORWARD" -j CILIUM_FORWARD',
    '-A OUTPUT -m comment --comment "cilium-feeder: CILIUM_OUTPUT" -j CILIUM_OUTPUT',
    '-A CILIUM_FORWARD -o cilium_host -m comment --comment "cilium: any->cluster on cilium_host forward accept" -j ACCEPT',
    '-A CILIUM_FORWARD -i lxc+ -m comment --comment "cilium: cluster->any on lxc+ forward accept" -j ACCEPT',
    '-A CILIUM_FORWARD -i cilium_net -m comment --comment "cilium: cluster->any on cilium_net forward accept (nodeport)" -j ACCEPT',
    '-A CILIUM_INPUT -m mark --mark 0x200/0xf00 -m comment --comment "cilium: ACCEPT for proxy traffic" -j ACCEPT',
    '-A CILIUM_OUTPUT -m mark ! --mark 0xe00/0xf00 -m mark ! --mark 0xd00/0xf00 -m comment --comment "cilium: host->any mark as from host" -j MARK --set-xmark 0xc00/0xf00',
  ],
  mangle: [
    '-A PREROUTING -m comment --comment "cilium-feeder: CILIUM_PRE_mangle" -j CILIUM_PRE_mangle',
    '-A CILIUM_PRE_mangle ! -o lo -m socket --transparent -m comment --comment "cilium: any->pod redirect proxied traffic to host proxy" -j MARK --set-xmark 0x200/0xffffffff',
    '-A CILIUM_PRE_mangle -p udp -m mark --mark 0x7c9c0200 -m comment --comment "cilium: TPROXY to host cilium-dns-egress proxy" -j TPROXY --on-port 40060 --on-ip 127.0.0.1 --tproxy-mark 0x200/0xffffffff',
  ],
  raw: [
    '-A PREROUTING -m comment --comment "cilium-feeder: CILIUM_PRE_raw" -j CILIUM_PRE_raw',
    '-A CILIUM_PRE_raw -m mark --mark 0x200/0xf00 -m comment --comment "cilium: NOTRACK for proxy traffic" -j CT --notrack',
    "-N CILIUM_OUTPUT_raw",
  ],
};

/** Parts of a node that own their rules, or whose rules concern nobody. */
export const nodeParts: readonly CorpusCase[] = [
  { name: "a node without rules", dumps: [dump({}), dump({}, "ip6tables-nft-save")], state: "Clean", classes: {} },
  { name: "kubeadm with kube-proxy", dumps: [dump(kubeProxyTables)], state: "Clean", classes: { Owned: KUBE_PROXY_RULES } },
  {
    name: "kube-proxy of the legacy backend",
    dumps: [dump(kubeProxyTables, "iptables-legacy-save")],
    state: "Clean",
    classes: { Owned: KUBE_PROXY_RULES },
  },
  {
    name: "kube-proxy over IPv6",
    dumps: [dump({ nat: [kubeProxyV6] }, "ip6tables-nft-save")],
    state: "Clean",
    classes: { Owned: 1 },
  },
  {
    name: "the same with counters",
    dumps: [{ source: "iptables-nft-save", text: saved(kubeProxyTables).replaceAll("\n-A ", "\n[12:3456] -A ") }],
    state: "Clean",
    classes: { Owned: KUBE_PROXY_RULES },
  },
  { name: "Cilium with its proxy", dumps: [dump(ciliumTables)], state: "Clean", classes: { Owned: 13 } },
  {
    name: "containerd: portmap and ptp",
    dumps: [
      dump({
        nat: [
          "-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT",
          "-A OUTPUT -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT",
          '-A POSTROUTING -m comment --comment "CNI portfwd requiring masquerade" -j CNI-HOSTPORT-MASQ',
          `-A POSTROUTING -s 10.88.0.5/32 -m comment --comment ${NAME} -j CNI-0123456789abcdef01234567`,
          `-A CNI-0123456789abcdef01234567 -d 10.88.0.0/16 -m comment --comment ${NAME} -j ACCEPT`,
          `-A CNI-0123456789abcdef01234567 ! -d 224.0.0.0/4 -m comment --comment ${NAME} -j MASQUERADE`,
          `-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment ${PORTMAP} -m multiport --dports 8080,8443 -j CNI-DN-0123456789abcdef01234`,
          "-A CNI-DN-0123456789abcdef01234 -s 10.88.0.0/16 -p tcp -m tcp --dport 8080 -j CNI-HOSTPORT-SETMARK",
          "-A CNI-DN-0123456789abcdef01234 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.88.0.5:80",
          "-A CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE",
          '-A CNI-HOSTPORT-SETMARK -m comment --comment "CNI portfwd masquerade mark" -j MARK --set-xmark 0x2000/0x2000',
        ],
      }),
    ],
    state: "Clean",
    classes: { Owned: 11 },
  },
  {
    name: "containerd: policy of FORWARD set to ACCEPT, empty chain of a firewall plug-in",
    dumps: bothFamilies({
      filter: ["-P FORWARD ACCEPT", '-A FORWARD -m comment --comment "CNI firewall plugin rules" -j CNI-FORWARD', "-N CNI-FORWARD"],
    }),
    state: "Clean",
    classes: { Owned: 2 },
  },
  {
    name: "LocalDNS of an image of August 2026, with its remark and the answers",
    nodeImage: "202608.20.0",
    dumps: [
      dump({
        raw: [
          '-A PREROUTING -d 169.254.10.10/32 -p udp -m comment --comment "localdns: skip conntrack" -m udp --dport 53 -j NOTRACK',
          '-A OUTPUT -s 169.254.10.10/32 -p udp -m comment --comment "localdns: skip conntrack" -m udp --sport 53 -j NOTRACK',
          "-A OUTPUT -d 169.254.10.11/32 -p tcp -m tcp --dport 53 -j CT --notrack",
        ],
      }),
    ],
    state: "Clean",
    classes: { Owned: 3 },
  },
  {
    name: "NodeLocal DNS cache",
    dumps: [
      dump({
        raw: [
          '-A PREROUTING -d 169.254.20.10/32 -p udp -m udp --dport 53 -m comment --comment "NodeLocal DNS Cache: skip conntrack" -j NOTRACK',
          '-A OUTPUT -s 169.254.20.10/32 -p tcp -m tcp --sport 53 -m comment --comment "NodeLocal DNS Cache: skip conntrack" -j NOTRACK',
        ],
        filter: [
          '-A INPUT -d 169.254.20.10/32 -p udp -m udp --dport 53 -m comment --comment "NodeLocal DNS Cache: allow DNS traffic" -j ACCEPT',
        ],
      }),
    ],
    state: "Clean",
    classes: { Inert: 1, Unaffected: 2 },
  },
  {
    name: "aznfs: mounts of the node",
    dumps: [dump({ nat: ["-A OUTPUT -d 10.161.100.100/32 -p tcp -m tcp --dport 2048 -j DNAT --to-destination 20.60.1.2:111"] })],
    state: "Clean",
    classes: { Unaffected: 1 },
  },
];
