import type { HostRoutingNodeStatus } from "@hostrouting/contracts";
import type { DenialsObservation } from "../host-routing/node-datapath.ts";
import { denialsDigest } from "../host-routing/kernel-denials.ts";
import type { DenialDecision } from "./decide-denials.ts";

/** What the status says of deny rules. */
export type PolicyStatus = NonNullable<HostRoutingNodeStatus["policy"]>;

/** `shown`: what the kernel denies, undefined when nothing of ours is loaded. `denied`: packets since the switch. `before`: the last report's. */
export type PolicyStatusInputs = {
  decision: DenialDecision;
  shown: DenialsObservation | undefined;
  denied: number;
  before: PolicyStatus | undefined;
  now: string;
};

const MESSAGE_CHARACTERS_MAX = 1024;
/** Policies in a report; the custom resource allows no more. */
const SOURCES_MAX = 32;

/** Judged by what the kernel shows. Pure. */
export function policyStatus({ decision, shown, denied, before, now }: PolicyStatusInputs): PolicyStatus {
  const { state, message } = judge(decision, shown);
  const rules = shown?.ranges ?? 0;
  const digest = rules === 0 ? "" : (shown?.digest ?? "");
  const isSame = before?.state === state && before.digest === digest;
  return {
    state,
    message: message.slice(0, MESSAGE_CHARACTERS_MAX),
    ranges: rules,
    digest,
    since: (isSame && before.since) || now,
    denied,
    sources: decision.policies.slice(0, SOURCES_MAX).map(({ name, generation, fault, goneSince }) => ({
      name,
      generation,
      ...(fault !== undefined && { refused: true }),
      ...(goneSince !== undefined && { deletedAt: new Date(goneSince).toISOString() }),
    })),
  };
}

type Judged = Pick<PolicyStatus, "state"> & { message: string };

function judge({ look, table, policies, faults }: DenialDecision, shown: DenialsObservation | undefined): Judged {
  if (table === undefined) return { state: "Unknown", message: faults.join(" ") };
  if (policies.length === 0 && shown === undefined)
    return look === "NotInstalled"
      ? { state: "NotInstalled", message: "The cluster has no CiliumClusterwideNetworkPolicies, so nothing is denied." }
      : { state: "NoPolicy", message: "No policy is managed by host routing, so nothing is denied." };
  if (faults.length > 0) return { state: "Degraded", message: `${faults.join(" ")} The last rules that were understood count.` };
  if (shown === undefined) return { state: "Ready", message: "Nothing of ours is loaded: the node's own rules count." };
  if (shown.digest !== denialsDigest(table))
    return { state: "Degraded", message: "The kernel denies something else than the policies say." };
  const { unguarded } = shown;
  if (unguarded.length > 0)
    return { state: "Degraded", message: `${unguarded.join(", ")}: the program for packets on their way out is not attached.` };
  if (policies.length === 0) return { state: look === "NotInstalled" ? "NotInstalled" : "NoPolicy", message: "Nothing is denied." };
  return { state: "InForce", message: "" };
}
