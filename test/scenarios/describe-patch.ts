import type { NodeTaint } from "@hostrouting/domain";
import type { PatchNodeIntent } from "@hostrouting/rollout";

const taintName = ({ key }: NodeTaint): string => key.split("/").at(-1) ?? key;

/** What a patch of a node changes, in a few words. */
export function describePatch(intent: PatchNodeIntent): string {
  const changes = [
    ...(intent.owner === undefined ? [] : [intent.owner === null ? "release" : "claim"]),
    ...(intent.cordonedBy === undefined ? [] : [intent.cordonedBy === null ? "uncordon" : "cordon"]),
    ...(intent.scaleDownHeldBy === undefined ? [] : [intent.scaleDownHeldBy === null ? "may be scaled away" : "keep from scale-down"]),
    ...(intent.taints === undefined ? [] : [intent.taints.length === 0 ? "untaint" : `taint ${intent.taints.map(taintName).join(" ")}`]),
    ...(intent.labelled === undefined ? [] : [intent.labelled ? "label" : "unlabel"]),
    ...(intent.userRules === undefined ? [] : [`user rules ${intent.userRules ?? "unsaid"}`]),
  ];
  return changes.join(" + ");
}
