import { configuredAgents, failedNodes, overCilium, whyOnTheStack } from "../cilium-config.ts";
import type { CiliumFacts } from "../facts.ts";
import { blocks, failed, passed, type Outcome, type Rule } from "../rule.ts";

function judge(cilium: CiliumFacts): Outcome {
  if (cilium.config === undefined)
    return failed("There is no ConfigMap cilium-config.", ["cilium-config"], "kube-system/cilium-config: not found");
  const deaf = cilium.agents.filter(({ readsNodeConfigs }) => !readsNodeConfigs);
  if (deaf.length > 0)
    return failedNodes(
      "Cilium's agents do not read CiliumNodeConfigs, so nothing of ours could switch them.",
      deaf.map(({ node }) => ({ node, evidence: "no init container of the agent's pod runs build-config" })),
    );
  const kept = configuredAgents(cilium).map(({ node, withOurs }) => ({ node, evidence: whyOnTheStack(withOurs).join(", ") }));
  const stuck = kept.filter(({ evidence }) => evidence !== "");
  return stuck.length === 0 ? passed() : failedNodes("Cilium would leave routing to the stack whatever we ask for.", stuck);
}

/** PF-027: nothing in Cilium's configuration, or in somebody's override that wins over ours, keeps it from routing by eBPF. */
export const ciliumConfig: Rule = {
  id: "PF-027",
  title: "Cilium can route by eBPF",
  severity: blocks,
  drivers: ["cilium"],
  remedy:
    "Change these settings where Cilium is installed from (Helm values, GitOps), or remove the CiliumNodeConfig that sets them; we write neither. With `kube-proxy-replacement: true` and no IPsec, Cilium routes by eBPF.",
  check: (facts) => overCilium(facts, judge),
};
