import type { HostRoutingNodeSpec } from "@hostrouting/contracts";
import type { Invariant, Looked } from "./invariant.ts";

/** A node's orders are numbered upwards: one that was replaced is never given again under the same lease, whose agent would take it for older and wait. */
export function ordersGoOn({ world }: Looked): Invariant {
  return {
    name: "a node's orders go on",
    issued({ method, clusterId, args }) {
      if (method !== "applyNodeObject" || clusterId === undefined) return undefined;
      const [{ name }, asked] = args as [{ name: string }, HostRoutingNodeSpec];
      const stands = world.cluster(clusterId).fake.objects.get(name)?.spec;
      if (stands === undefined || stands.nodeUID !== asked.nodeUID || stands.fencingToken > asked.fencingToken) return undefined;
      return asked.generation < stands.generation
        ? `${name} is asked for ${asked.mode} ${asked.generation} after ${stands.mode} ${stands.generation}`
        : undefined;
    },
  };
}
