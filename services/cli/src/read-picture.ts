import type { ArmCluster } from "@hostrouting/azure";
import type { ArmComponents } from "@hostrouting/contracts";
import { readList } from "./read-list.ts";
import type { HostRoutingPicture } from "./view/host-routing-view.ts";

/** Reads host routing and nodes. The cast is the wire's edge: the server's contract is checked where it is made. */
export async function readPicture(cluster: ArmCluster): Promise<HostRoutingPicture> {
  const [hostRouting, nodes] = await Promise.all([
    cluster.readHostRouting(),
    readList<ArmComponents["schemas"]["HostRoutingNode"]>(cluster, "/nodes"),
  ]);
  return { hostRouting: hostRouting as ArmComponents["schemas"]["HostRouting"], nodes };
}
