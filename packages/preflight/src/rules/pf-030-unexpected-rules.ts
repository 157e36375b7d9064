import { nodePrecondition } from "../node-precondition.ts";
import { blocks } from "../rule.ts";

/** PF-030: no packet filter rule on a node would be passed by without anybody noticing. */
export const unexpectedRules = nodePrecondition({
  id: "PF-030",
  title: "No rules that host routing would pass by",
  name: "UnexpectedRules",
  severity: blocks,
  remedy:
    "Say the same with a network policy where it is needed, stop what writes the rules, and remove them with the commands that are named.",
});
