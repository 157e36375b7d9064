/** Signs of a writer. All that are given must fit; text is the whole rule. */
export interface WriterSign {
  readonly table?: RegExp;
  readonly chain?: RegExp;
  readonly text?: RegExp;
  readonly comment?: RegExp;
}

/** A program that is known to write rules. */
export interface KnownWriter {
  readonly id: string;
  readonly name: string;
  readonly detectors: readonly WriterSign[];
  /** Allowed: its rules do no harm. Warn: they concern the node's own traffic. Block: pods' traffic depends on them. */
  readonly verdict: "Allowed" | "Warn" | "Block";
  /** What to do, one or two sentences; empty when nothing is to be done. */
  readonly remedy: string;
}

/** Chains of its own by their names, and rules that lead there. */
function ownChains(names: string): WriterSign[] {
  return [{ chain: new RegExp(`^(${names})`) }, { text: new RegExp(` -[jg] (${names})|(jump|goto) (${names})`) }];
}

const POLICY_INSTEAD = "Say the same with a CiliumNetworkPolicy, or in the network security group, and take the rules away.";

const NETWORK_POLICY: readonly KnownWriter[] = [
  {
    id: "azure-npm",
    name: "Azure network policy manager",
    detectors: ownChains("AZURE-NPM"),
    verdict: "Block",
    remedy: "Take the network policy manager out of the cluster and reimage the node pool: its chains stay after it is gone.",
  },
  {
    id: "calico",
    name: "Calico",
    detectors: [...ownChains("cali-|califw-|calitw-"), { table: /^calico$/ }],
    verdict: "Block",
    remedy: "Take Calico out of the cluster and reimage the node pool: policies are enforced by Cilium, and chains stay after it is gone.",
  },
  {
    id: "istio-ambient",
    name: "Istio ambient mode",
    detectors: [...ownChains("ISTIO_"), { text: /istio-inpod-probes|--to-source 169\.254\.7\.127/ }],
    verdict: "Block",
    remedy: "Use Istio with sidecars, or a version whose probes come from the node's own address.",
  },
];

const HOST_SOFTWARE: readonly KnownWriter[] = [
  {
    id: "docker",
    name: "Docker or Podman on the node",
    detectors: [...ownChains("DOCKER|NETAVARK"), { text: /-[io] docker0\b|iifname docker0|oifname docker0/ }],
    verdict: "Block",
    remedy: "Run containers as pods, or start the daemon with iptables off, and take its chains away.",
  },
  {
    id: "tailscale",
    name: "Tailscale",
    detectors: [...ownChains("ts-(input|forward|postrouting)"), { text: /-[io] tailscale0\b/ }],
    verdict: "Block",
    remedy: "Run the subnet router in a pod, or on a machine outside of the cluster.",
  },
  {
    id: "crowdsec",
    name: "CrowdSec bouncer",
    detectors: [...ownChains("CROWDSEC_CHAIN|crowdsec-chain"), { table: /^crowdsec6?$/ }, { text: /crowdsec-blacklists/ }],
    verdict: "Block",
    remedy: `Let the bouncer guard input only. ${POLICY_INSTEAD}`,
  },
  {
    id: "fail2ban",
    name: "fail2ban",
    detectors: [...ownChains("f2b-"), { table: /^f2b-table$/ }],
    verdict: "Warn",
    remedy: "Bans belong into input alone; a ban in forward protects no pod any more.",
  },
  {
    id: "firewalld",
    name: "firewalld",
    detectors: [{ table: /^firewalld$/ }, ...ownChains("FWD[IO]_|IN_public|FORWARD_(direct|IN_ZONES|OUT_ZONES)")],
    verdict: "Block",
    remedy: `Switch firewalld off on nodes. ${POLICY_INSTEAD}`,
  },
  {
    id: "ufw",
    name: "ufw",
    detectors: ownChains("ufw6?-"),
    verdict: "Block",
    remedy: `Switch ufw off on nodes (ufw disable). ${POLICY_INSTEAD}`,
  },
  {
    id: "wireguard",
    name: "WireGuard's scripts",
    detectors: [{ text: /-[io] wg[\w-]*\b|[io]ifname "?wg\d/ }, { table: /^wg-quick-/ }, { comment: /^wg-quick\(8\)/ }],
    verdict: "Block",
    remedy: "Run the tunnel in a pod or on a gateway outside of the cluster.",
  },
  {
    id: "azure-slb-probe",
    name: "Load balancer probes of dual-stack nodes",
    detectors: [{ table: /^azureSLBProbe$/ }],
    verdict: "Block",
    remedy: "Probes over IPv6 need this translation. Use a node image that answers them without it.",
  },
];

/** Writers whose rules nodes have anyway; they stand last, since their signs are wide. */
const NODE: readonly KnownWriter[] = [
  allowed("aks-wireserver", "AKS node set-up", [{ chain: /^FORWARD$/, text: /-d 168\.63\.129\.16\/32 -p tcp / }]),
  allowed("aks-imds", "AgentBaker", [{ comment: /^AKS managed: added by AgentBaker/ }]),
  allowed("waagent", "Azure guest agent", [{ table: /^security$/, text: /168\.63\.129\.16/ }]),
  allowed("localdns", "LocalDNS", [{ table: /^raw$/, text: /169\.254\.10\.1[01]/ }]),
  allowed("node-local-dns", "NodeLocal DNS cache", [{ text: /169\.254\.20\.10\b/ }, { comment: /^NodeLocal DNS Cache/ }]),
  allowed("azure-cns", "Azure CNS", ownChains("SWIFT")),
  allowed("cilium", "Cilium", ownChains("(OLD_)?CILIUM_")),
  allowed("ip-masq-agent", "ip-masq-agent", ownChains("IP-MASQ-AGENT")),
  allowed("kubelet", "kubelet", ownChains("KUBE-(FIREWALL|KUBELET|MARK-DROP)")),
  allowed("kube-proxy", "kube-proxy", [...ownChains("KUBE-"), { table: /^kube-proxy$/ }]),
  allowed("cni", "CNI plug-ins", ownChains("CNI-")),
  {
    id: "aznfs",
    name: "aznfs mount helper",
    detectors: [{ table: /^nat$/, chain: /^OUTPUT$/, text: /-p tcp .*--dport (111|2048|2049)\b.*-j DNAT/ }],
    verdict: "Warn",
    remedy: "It translates the node's own mounts, which go on working. Leave it.",
  },
  {
    id: "custom-nat",
    name: "A start-up script or DaemonSet that translates addresses",
    detectors: [{ chain: /^(PREROUTING|POSTROUTING)$/, text: /-j (SNAT|DNAT|MASQUERADE|REDIRECT|NETMAP)\b/ }],
    verdict: "Block",
    remedy: "Use a CiliumEgressGatewayPolicy for source addresses, a Service or a CiliumLocalRedirectPolicy for destinations.",
  },
  {
    id: "custom-filter",
    name: "A start-up script or hardening that filters",
    detectors: [{ chain: /^FORWARD$/, text: /-j (DROP|REJECT)\b|^-P FORWARD DROP$/ }],
    verdict: "Block",
    remedy: POLICY_INSTEAD,
  },
];

function allowed(id: string, name: string, detectors: readonly WriterSign[]): KnownWriter {
  return { id, name, detectors, verdict: "Allowed", remedy: "" };
}

/** The catalogue, in the order in which it is asked: named software before the parts of a node, those before what scripts do. */
export const knownWriters: readonly KnownWriter[] = [...NETWORK_POLICY, ...HOST_SOFTWARE, ...NODE];
