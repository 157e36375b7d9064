import { overPods, podReaders, withoutPods } from "../pod-rule.ts";
import { failed, warns, type Rule } from "../rule.ts";

/** PF-042: a name service on the nodes has a link-local address, and answers without conntrack. Policies must let pods reach their host. */
export const nodeLocalDns: Rule = {
  id: "PF-042",
  title: "No name service on the nodes",
  severity: warns,
  drivers: podReaders,
  remedy: "Make sure that egress policies let pods reach the entity `host` on port 53, and watch name resolution on the first nodes.",
  check(facts) {
    const pools = facts.profile.pools.filter(({ localDns }) => localDns).map(({ name }) => `pool ${name}`);
    if (pools.length > 0) return failed("Pools have LocalDNS.", pools, "localDNSProfile");
    return overPods(facts, (pods) =>
      withoutPods(
        "Pods ask a name service on their node.",
        pods.filter(({ app, controller }) => app === "node-local-dns" || controller === "DaemonSet/node-local-dns"),
        ({ node }) => `on ${node}`,
      ),
    );
  },
};
