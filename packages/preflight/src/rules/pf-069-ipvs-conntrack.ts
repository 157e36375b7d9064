import { nodePrecondition } from "../node-precondition.ts";
import { blocks } from "../rule.ts";

/** PF-069: where kube-proxy uses IPVS, conntrack knows its connections. */
export const ipvsConntrack = nodePrecondition({
  id: "PF-069",
  title: "IPVS tells conntrack",
  name: "IpvsConntrack",
  severity: blocks,
  remedy: "Set `net.ipv4.vs.conntrack=1` on the nodes, as kube-proxy does.",
});
