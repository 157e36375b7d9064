import type { ArmCluster } from "@hostrouting/azure";
import type { ArmComponents } from "@hostrouting/contracts";
import type { HostRoutingPicture } from "./view/host-routing-view.ts";

/** Reads host routing and nodes. The casts are the wire's edge: the server's contract is checked where it is made. */
export async function readPicture(cluster: ArmCluster): Promise<HostRoutingPicture> {
  const [hostRouting, nodes] = await Promise.all([cluster.readHostRouting(), cluster.readHostRouting("/nodes")]);
  return {
    hostRouting: hostRouting as ArmComponents["schemas"]["HostRouting"],
    nodes: (nodes as ArmComponents["schemas"]["HostRoutingNodeList"]).value,
  };
}
