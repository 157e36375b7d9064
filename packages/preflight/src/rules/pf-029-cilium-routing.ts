import { configuredAgents, failedNodes, overCilium, whyOnTheStack } from "../cilium-config.ts";
import type { CiliumFacts } from "../facts.ts";
import { passed, unknown, warns, type Outcome, type Rule } from "../rule.ts";

function judge(cilium: CiliumFacts): Outcome {
  const agents = configuredAgents(cilium);
  const already = agents.filter(({ hostRouting, isOrdered }) => hostRouting === "BPF" && !isOrdered);
  const fallen = agents.filter(
    ({ hostRouting, isOrdered, without }) => hostRouting === "Legacy" && !isOrdered && whyOnTheStack(without).length === 0,
  );
  const found = [
    ...already.map(({ node }) => ({ node, evidence: "the agent says BPF, and nobody of ours asked" })),
    ...fallen.map(({ node }) => ({ node, evidence: "the agent says Legacy, though its configuration asks for eBPF" })),
  ];
  if (found.length > 0)
    return failedNodes("Nodes route by eBPF already, and are left alone; or Cilium fell back to the stack, and would again.", found);
  const silent = agents.filter(({ hostRouting }) => hostRouting === "Unknown");
  return silent.length === 0 ? passed() : unknown(`Cilium's agents do not tell on ${silent.map(({ node }) => node).join(", ")}.`);
}

/** PF-029: Cilium routes as it is configured to, and not by eBPF already, by its agents' own word. */
export const ciliumRouting: Rule = {
  id: "PF-029",
  title: "Cilium leaves routing to the stack so far",
  severity: warns,
  drivers: ["cilium"],
  remedy:
    'Where it routes by eBPF already: set `enable-host-legacy-routing: "true"` where Cilium is installed from, if host routing is to be switched here. Where it fell back: its agent\'s log says why (`Falling back to legacy host routing`).',
  check: (facts) => overCilium(facts, judge),
};
