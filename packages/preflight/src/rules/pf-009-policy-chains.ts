import { nodePrecondition } from "../node-precondition.ts";
import { blocks } from "../rule.ts";

/** PF-009: no engine enforces network policy in iptables, which packets on the fast path do not see. */
export const policyChains = nodePrecondition({
  id: "PF-009",
  title: "No network policy in iptables",
  name: "PolicyChains",
  severity: blocks,
  remedy: "Move the policies to Cilium, remove Azure NPM or Calico, and replace the nodes' images or remove the chains that are left.",
});
