import { LAB_NETWORK, type NodePlan } from "./lab-plan.ts";

/** A node's programs, in the order in which they start. */
export type NodeProgram = "containerd" | "kubelet" | "kube-proxy";

/** kubelet and kube-proxy trade a little CPU for a third of their heap. */
export const FRUGAL = { GOGC: "50" } as const;

/** The command line of each of a node's programs, with paths as they are inside the node. */
export function nodeCommand(node: NodePlan, program: NodeProgram): string[] {
  switch (program) {
    case "containerd":
      return ["containerd", "--config", "/run/lab/node/containerd.toml"];
    case "kubelet":
      return [
        ...["/run/lab/bin/kubelet", "--config=/run/lab/node/kubelet.yaml", "--kubeconfig=/run/lab/node/kubelet.kubeconfig"],
        ...[`--hostname-override=${node.name}`, `--node-ip=${node.ipv4},${node.ipv6}`, "--housekeeping-interval=30s"],
      ];
    case "kube-proxy":
      return [
        ...["/run/lab/bin/kube-proxy", "--kubeconfig=/run/lab/node/kube-proxy.kubeconfig", `--hostname-override=${node.name}`],
        ...["--proxy-mode=iptables", `--cluster-cidr=${LAB_NETWORK.podCidrs.join(",")}`, "--bind-address=0.0.0.0"],
        // The table of connections is sized for the whole machine, not by a node.
        ...["--conntrack-max-per-core=0", "--conntrack-tcp-timeout-established=0", "--conntrack-tcp-timeout-close-wait=0"],
      ];
  }
}
