import { nodePrecondition } from "../node-precondition.ts";
import { blocks } from "../rule.ts";

/** PF-032: nodes forward what no rule denies. Where they forward only what a rule accepts, the fast path would pass what is denied. */
export const forwardPolicy = nodePrecondition({
  id: "PF-032",
  title: "Nodes forward pods' traffic",
  name: "ForwardPolicy",
  severity: blocks,
  remedy: "Set the policy of FORWARD to ACCEPT, or add a rule that accepts the pods' address ranges.",
});
