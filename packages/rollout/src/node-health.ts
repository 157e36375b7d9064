import { namedAndMore, type Instant, type NodeRollout, type WaitReason } from "@hostrouting/domain";
import { currentReport, isSilent } from "./agent-report.ts";
import type { NodeObservation, SandboxTrouble } from "./snapshot.ts";

/** Why a node that should be well is not. */
export type NodeIllness = { readonly reason: Extract<WaitReason, "NodeNotReady" | "NodeUnhealthy">; readonly message: string };

/**
 * Why nothing may rest on a node, or nothing: it is not Ready, or starts no pods since its switch, or its agent has fallen silent, so that what it reported
 * last proves nothing. A node whose agent has never reported is not ill: that is waited for elsewhere. Pure.
 */
export function nodeIllness(record: NodeRollout, seen: NodeObservation, now: Instant): NodeIllness | undefined {
  if (!seen.ready) return { reason: "NodeNotReady", message: "The node is not Ready." };
  if (seen.sandboxes !== undefined) return { reason: "NodeUnhealthy", message: withoutSandboxes(seen.sandboxes) };
  const report = currentReport(seen);
  if (record.heard === undefined || report === undefined || report.isAskedFor === true || !isSilent(record, now)) return undefined;
  const since = new Date(record.heard.at).toISOString();
  return { reason: "NodeUnhealthy", message: `Stale: its agent has not reported since ${since}.` };
}

const WORDS_CHARACTERS_MAX = 256;

function withoutSandboxes({ pods, podCount, message }: SandboxTrouble): string {
  const which = namedAndMore(pods, { count: podCount });
  return `SandboxesFail: no pod that came since its switch could be started: ${which}. The kubelet: ${message.slice(0, WORDS_CHARACTERS_MAX)}`;
}
