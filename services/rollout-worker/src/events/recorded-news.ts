import type { HostRoutingStatus, Instant, NodeRollout } from "@hostrouting/domain";
import { policyNews } from "@hostrouting/policy";
import type { News } from "./decide-events.ts";

/** What nobody could tell for so long is old: a worker that begins does not tell it. */
const TELL_WITHIN_MS = 10 * 60_000;

/** What a round has recorded. `policyUid`: of the managed policy's object, where there is one. */
export type Recorded = {
  readonly policy: HostRoutingStatus["policy"];
  readonly policyUid: string | undefined;
  readonly nodes: readonly NodeRollout[];
};

/** Everything that there is to tell of what is recorded, of the policy and of nodes. Pure. */
export function recordedNews({ policy, policyUid, nodes }: Recorded, now: Instant): readonly News[] {
  return [
    ...(policy === undefined ? [] : policyNews(policy, now)).map((news): News => {
      const uid = policyUid === undefined ? {} : { uid: policyUid };
      const regarding = { apiVersion: "cilium.io/v2", kind: "CiliumClusterwideNetworkPolicy", name: policy?.name ?? "", ...uid };
      return { ...news, regarding };
    }),
    ...nodes.flatMap(({ node: name, uid, news = [] }) =>
      news
        .filter(({ lastAt }) => now - lastAt < TELL_WITHIN_MS)
        .map((one): News => ({ ...one, regarding: { apiVersion: "v1", kind: "Node", name, uid } })),
    ),
  ];
}
