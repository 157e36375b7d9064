import { nodePrecondition } from "../node-precondition.ts";

/** PF-067: conntrack picks up TCP connections in their middle, as it must when they return to the stack. Drained nodes have none. */
export const loosePickup = nodePrecondition({
  id: "PF-067",
  title: "Connections survive their return to the stack",
  name: "LoosePickup",
  severity: (facts) => (facts.nodeAction === "SwitchInPlace" ? "Block" : "Warn"),
  remedy: "Set `net.netfilter.nf_conntrack_tcp_loose=1` on the nodes, or choose the rollout policy's nodeAction `DrainAndSwitch`.",
});
