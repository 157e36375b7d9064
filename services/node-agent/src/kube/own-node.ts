import type { ClusterApi } from "./cluster-api.ts";

/** What the agent must know of its own Node object. */
export type OwnNode = {
  uid: string;
  podRanges: string[];
  addresses: string[];
  /** Label kubernetes.azure.com/node-image-version; empty where it has none. */
  image: string;
};

const IMAGE_LABEL = "kubernetes.azure.com/node-image-version";

type NodeObject = {
  metadata: { uid: string; labels?: Record<string, string> };
  spec?: { podCIDR?: string; podCIDRs?: string[] };
  status?: { addresses?: { type: string; address: string }[] };
};

/** The agent's own Node object. `last`: as it was last read, undefined before; `read` answers undefined when there is none. */
export type FollowedNode = { read: () => Promise<OwnNode | undefined>; last: () => OwnNode | undefined };

/** Keeps what was read, for those who cannot wait for it; `onFirst` comes when there is something. */
export function followOwnNode(api: Pick<ClusterApi, "get">, name: string, onFirst: () => void): FollowedNode {
  let last: OwnNode | undefined;
  return {
    read: async () => {
      const seen = await readOwnNode(api, name);
      const isFirst = last === undefined && seen !== undefined;
      last = seen ?? last;
      if (isFirst) onFirst();
      return seen;
    },
    last: () => last,
  };
}

async function readOwnNode(api: Pick<ClusterApi, "get">, name: string): Promise<OwnNode | undefined> {
  const node = (await api.get(`/api/v1/nodes/${encodeURIComponent(name)}`)) as NodeObject | undefined;
  if (!node) return undefined;
  return {
    uid: node.metadata.uid,
    image: node.metadata.labels?.[IMAGE_LABEL] ?? "",
    podRanges: node.spec?.podCIDRs ?? (node.spec?.podCIDR ? [node.spec.podCIDR] : []),
    addresses: (node.status?.addresses ?? []).filter(({ type }) => type === "InternalIP").map(({ address }) => address),
  };
}
