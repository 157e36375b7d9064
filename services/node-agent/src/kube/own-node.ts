import type { ClusterApi } from "./cluster-api.ts";

/** What the agent must know of its own Node object. */
export type OwnNode = { uid: string; podRanges: string[]; addresses: string[] };

type NodeObject = {
  metadata: { uid: string };
  spec?: { podCIDR?: string; podCIDRs?: string[] };
  status?: { addresses?: { type: string; address: string }[] };
};

/** Reads the Node object; undefined when there is none. */
export async function readOwnNode(api: ClusterApi, name: string): Promise<OwnNode | undefined> {
  const node = (await api.get(`/api/v1/nodes/${encodeURIComponent(name)}`)) as NodeObject | undefined;
  if (!node) return undefined;
  return {
    uid: node.metadata.uid,
    podRanges: node.spec?.podCIDRs ?? (node.spec?.podCIDR ? [node.spec.podCIDR] : []),
    addresses: (node.status?.addresses ?? []).filter(({ type }) => type === "InternalIP").map(({ address }) => address),
  };
}
