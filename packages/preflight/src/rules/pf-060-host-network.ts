import { overPods, podReaders, withoutPods } from "../pod-rule.ts";
import { informs, type Rule } from "../rule.ts";

/** PF-060: pods in their node's own network have no veth: neither host routing nor the network policy is about them. */
export const hostNetwork: Rule = {
  id: "PF-060",
  title: "Pods in their node's network",
  severity: informs,
  drivers: podReaders,
  remedy: "Nothing has to be done; what these pods may reach is decided by the nodes' own rules as before.",
  check(facts) {
    return overPods(facts, (pods) =>
      withoutPods(
        "Host routing and the network policy are not about these pods.",
        // The cluster's own are in every node's network by design.
        pods.filter(({ hostNetwork: isInHost, name }) => isInHost && !name.startsWith("kube-system/")),
        () => "hostNetwork: true",
      ),
    );
  },
};
