import { nodePrecondition } from "../node-precondition.ts";
import { blocks } from "../rule.ts";

/** PF-068: conntrack's zones are not in use: the gate can ask for the default zone only. */
export const conntrackZones = nodePrecondition({
  id: "PF-068",
  title: "One conntrack zone",
  name: "ConntrackZones",
  severity: blocks,
  remedy: "Remove the rules that put flows into conntrack zones (`-j CT --zone`, `ct zone set`).",
});
