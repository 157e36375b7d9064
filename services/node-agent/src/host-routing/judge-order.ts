import type { HostRoutingNodeSpec } from "@hostrouting/contracts";
import type { AgentState } from "../agent-state.ts";

/** Who this agent is. */
export type OwnIdentity = { nodeUid: string; bootId: string; bundleDigest: string };

/** Why an order is not followed. Nothing changes then. */
export type Refusal = {
  reason: "FencingTokenStale" | "GenerationStale" | "NodeUidMismatch" | "BootIdMismatch" | "BundleMismatch";
  message: string;
};

/**
 * Whether an order is for this node, this boot and this agent, and not older than one already accepted. Turning off
 * needs no matching bundle: "off" must not depend on what would be needed for "on".
 */
export function judgeOrder(spec: HostRoutingNodeSpec, own: OwnIdentity, accepted: AgentState): Refusal | undefined {
  if (spec.nodeUID !== own.nodeUid)
    return { reason: "NodeUidMismatch", message: `The order is for node ${spec.nodeUID}; this one is ${own.nodeUid}.` };
  if (accepted.nodeUid === own.nodeUid) {
    if (spec.fencingToken < accepted.fencingToken)
      return { reason: "FencingTokenStale", message: `Token ${spec.fencingToken} is older than ${accepted.fencingToken}.` };
    if (spec.generation < accepted.generation)
      return { reason: "GenerationStale", message: `Generation ${spec.generation} is older than ${accepted.generation}.` };
  }
  if (spec.bootID !== own.bootId)
    return { reason: "BootIdMismatch", message: `The order is for boot ${spec.bootID}; the node is in boot ${own.bootId}.` };
  if (spec.bundleDigest !== own.bundleDigest && spec.mode !== "None")
    return { reason: "BundleMismatch", message: `The order needs bundle ${spec.bundleDigest}; this agent is ${own.bundleDigest}.` };
  return undefined;
}
