import { overPods, withoutPods } from "../pod-rule.ts";
import { blocks, type Rule } from "../rule.ts";

/** PF-036: Cilium stands for kube-proxy, and none runs beside it. With the bundle, kube-proxy goes on doing what it does. */
export const kubeProxy: Rule = {
  id: "PF-036",
  title: "No kube-proxy beside Cilium",
  severity: blocks,
  drivers: ["cilium"],
  remedy: "Remove the DaemonSet kube-proxy, and restart the nodes or flush its chains.",
  check(facts) {
    return overPods(facts, (pods) =>
      withoutPods(
        "kube-proxy runs.",
        pods.filter(({ app, controller }) => app === "kube-proxy" || controller === "DaemonSet/kube-proxy"),
        ({ node }) => `on ${node}`,
      ),
    );
  },
};
