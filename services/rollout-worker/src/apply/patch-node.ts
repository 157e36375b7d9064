import { CORDONED_BY_ANNOTATION, ENABLED_LABEL, OWNER_ANNOTATION, type ClusterAccess, type NodePatch } from "@hostrouting/kube";
import type { PatchNodeIntent } from "@hostrouting/rollout";

/** The merge patch of an intent: label, claim and cordon in one write, over the version that was seen. */
export function nodePatch(intent: PatchNodeIntent): NodePatch {
  const { labelled, owner, cordonedBy } = intent;
  const annotations = {
    ...(owner === undefined ? {} : { [OWNER_ANNOTATION]: owner }),
    ...(cordonedBy === undefined ? {} : { [CORDONED_BY_ANNOTATION]: cordonedBy }),
  };
  return {
    metadata: {
      uid: intent.uid,
      resourceVersion: intent.resourceVersion,
      ...(labelled === undefined ? {} : { labels: { [ENABLED_LABEL]: labelled ? "true" : null } }),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    ...(cordonedBy === undefined ? {} : { spec: { unschedulable: cordonedBy === null ? null : true } }),
  };
}

/** Writes a node's label, claim and cordon. A node that changed since is looked at again (`kube.conflict`). */
export async function patchNode(access: ClusterAccess, intent: PatchNodeIntent): Promise<void> {
  await access.patchNode(intent.node, nodePatch(intent));
}
