import { inFamilies, LAB_NETWORK, type NodePlan, type ServiceRanges } from "./lab-plan.ts";

/** A node's programs, in the order in which they start. */
export type NodeProgram = "containerd" | "kubelet" | "kube-proxy";

/** How kube-proxy translates Services, on all nodes of a lab. */
export const KUBE_PROXY_MODES = ["iptables", "nftables"] as const;

/** One of them; `iptables` unless somebody says otherwise, as in AKS. */
export type KubeProxyMode = (typeof KUBE_PROXY_MODES)[number];

/** A mode as somebody wrote it, or nothing when there is no such mode. */
export function parseKubeProxyMode(text: string): KubeProxyMode | undefined {
  return KUBE_PROXY_MODES.find((mode) => mode === text);
}

/** What a node's command lines depend on. */
export interface NodeCommandInput {
  readonly node: NodePlan;
  readonly kubeProxyMode: KubeProxyMode;
  readonly serviceCidrs: ServiceRanges;
}

/** kubelet and kube-proxy trade a little CPU for a third of their heap. */
export const FRUGAL = { GOGC: "50" } as const;

/** The command line of each of a node's programs, with paths as they are inside the node. */
export function nodeCommand({ node, kubeProxyMode, serviceCidrs }: NodeCommandInput, program: NodeProgram): string[] {
  switch (program) {
    case "containerd":
      return ["containerd", "--config", "/run/lab/node/containerd.toml"];
    case "kubelet":
      return [
        ...["/run/lab/bin/kubelet", "--config=/run/lab/node/kubelet.yaml", "--kubeconfig=/run/lab/node/kubelet.kubeconfig"],
        ...[
          `--hostname-override=${node.name}`,
          `--node-ip=${inFamilies(serviceCidrs, [node.ipv4, node.ipv6]).join(",")}`,
          "--housekeeping-interval=30s",
        ],
      ];
    case "kube-proxy":
      return [
        ...["/run/lab/bin/kube-proxy", "--kubeconfig=/run/lab/node/kube-proxy.kubeconfig", `--hostname-override=${node.name}`],
        ...[
          `--proxy-mode=${kubeProxyMode}`,
          `--cluster-cidr=${inFamilies(serviceCidrs, LAB_NETWORK.podCidrs).join(",")}`,
          "--bind-address=0.0.0.0",
        ],
        // The table of connections is sized for the whole machine, not by a node.
        ...["--conntrack-max-per-core=0", "--conntrack-tcp-timeout-established=0", "--conntrack-tcp-timeout-close-wait=0"],
      ];
  }
}
