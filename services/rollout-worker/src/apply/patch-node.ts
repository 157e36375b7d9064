import {
  CORDONED_BY_ANNOTATION,
  ENABLED_LABEL,
  OWNER_ANNOTATION,
  SCALE_DOWN_ANNOTATION,
  SCALE_DOWN_HELD_ANNOTATION,
  USER_RULES_LABEL,
  type ClusterAccess,
  type NodePatch,
} from "@hostrouting/kube";
import type { PatchNodeIntent } from "@hostrouting/rollout";

/** The merge patch of an intent: labels, claim, cordon and taints in one write, over the version that was seen. */
export function nodePatch(intent: PatchNodeIntent): NodePatch {
  const { labelled, userRules, owner, cordonedBy, scaleDownHeldBy, taints } = intent;
  const labels = {
    ...(labelled === undefined ? {} : { [ENABLED_LABEL]: labelled ? "true" : null }),
    ...(userRules === undefined ? {} : { [USER_RULES_LABEL]: userRules === null ? null : String(userRules) }),
  };
  const annotations = {
    ...(owner === undefined ? {} : { [OWNER_ANNOTATION]: owner }),
    ...(cordonedBy === undefined ? {} : { [CORDONED_BY_ANNOTATION]: cordonedBy }),
    ...(scaleDownHeldBy === undefined
      ? {}
      : { [SCALE_DOWN_ANNOTATION]: scaleDownHeldBy === null ? null : "true", [SCALE_DOWN_HELD_ANNOTATION]: scaleDownHeldBy }),
  };
  const spec = {
    ...(cordonedBy === undefined ? {} : { unschedulable: cordonedBy === null ? null : true }),
    ...(taints === undefined ? {} : { taints }),
  };
  return {
    metadata: {
      uid: intent.uid,
      resourceVersion: intent.resourceVersion,
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    ...(Object.keys(spec).length === 0 ? {} : { spec }),
  };
}

/** Writes a node's labels, claim and cordon. A node that changed since is looked at again (`kube.conflict`). */
export async function patchNode(access: ClusterAccess, intent: PatchNodeIntent): Promise<void> {
  await access.patchNode(intent.node, nodePatch(intent));
}
