import type { HostRoutingStatus, HostRoutingWarning, Instant, NodeRollout } from "@hostrouting/domain";
import { policyNews } from "@hostrouting/policy";
import { isCatalogued } from "@hostrouting/rollout";
import type { News } from "./decide-events.ts";
import { warningReason } from "./event-catalogue.ts";

/** What nobody could tell for so long is old: a worker that begins does not tell it. */
const TELL_WITHIN_MS = 10 * 60_000;

/** What a round has recorded. `policyUid`: of the managed policy's object, where there is one. */
export type Recorded = {
  readonly policy: HostRoutingStatus["policy"];
  readonly policyUid: string | undefined;
  readonly nodes: readonly NodeRollout[];
  readonly warnings: readonly HostRoutingWarning[];
};

/** Everything that there is to tell of what is recorded: of the policy, of nodes, and each warning once for as long as it holds. Pure. */
export function recordedNews({ policy, policyUid, nodes, warnings }: Recorded, now: Instant): readonly News[] {
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
    ...warnings.flatMap((warning) => warningNews(warning, nodes, now)),
  ];
}

/** About its node where each node has its own, else about the cluster's HostRoutingConfig: nodes come and go while one holds. */
function warningNews(warning: HostRoutingWarning, nodes: readonly NodeRollout[], now: Instant): News[] {
  const { subjects, title, message, firstSeen, mustLastSeconds = 0, impactUnit } = warning;
  if (!isCatalogued(warning) || firstSeen === undefined || now - firstSeen - mustLastSeconds * 1_000 >= TELL_WITHIN_MS) return [];
  const isOfNode = impactUnit === "connections" || impactUnit === "flows";
  const only = isOfNode ? nodes.find(({ node }) => node === subjects[0]) : undefined;
  const regarding =
    only === undefined
      ? { apiVersion: "hostrouting.acns.azure.com/v1alpha1", kind: "HostRoutingConfig", name: "default" }
      : { apiVersion: "v1", kind: "Node", name: only.node, uid: only.uid };
  const at = { firstAt: firstSeen, lastAt: firstSeen };
  return [{ reason: warningReason(warning.id), regarding, key: "", note: `${title}: ${message}`, count: 1, ...at }];
}
