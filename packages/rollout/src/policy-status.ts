import type { HostRoutingCondition, HostRoutingWarning, ManagedPolicyStatus } from "@hostrouting/domain";
import { askedOverNodes, conditionOverNodes, type ReportingNode } from "./node-conditions.ts";
import type { PolicyKeeping } from "./policy-plan.ts";
import { catalogued } from "./warning-catalogue.ts";

/** Of the cluster, and of each node. */
const TYPE = "PolicyReconciled";

const CODES = {
  Drifted: "network-policy-drifted",
  Contested: "network-policy-contested",
  Foreign: "network-policy-foreign",
  NotManaged: "network-policy-notmanaged",
} as const;

/** What people should know about the policy while it is needed. Waits say the rest. */
export function policyWarnings({ status, isNeeded }: PolicyKeeping): readonly HostRoutingWarning[] {
  if (!isNeeded || status === undefined) return [];
  const { state, name, mode, message } = status;
  if (state !== "Contested" && state !== "Foreign" && state !== "NotManaged" && !(state === "Drifted" && mode === "Warn")) return [];
  const seen = [message, whoOf(status)].filter((part) => part !== "").join(" ");
  return [
    catalogued(CODES[state], { message: seen === "" ? `Network policy ${name} is ${state} (mode ${mode}).` : seen, subjects: [name] }),
  ];
}

function whoOf({ drift }: ManagedPolicyStatus): string {
  const open = drift.filter(({ correctedAt }) => correctedAt === undefined);
  const who = open.map(({ path, manager }) => `${path === "" ? "the whole policy" : path} by ${manager ?? "nobody that the object names"}`);
  return who.length === 0 ? "" : `Changed: ${who.join(", ")}.`;
}

/** What is wrong with the policy while nodes rely on it; undefined while all is well, or it is just being put right. */
export function policyIllness({ status, isNeeded }: PolicyKeeping, nodes: readonly ReportingNode[]): string | undefined {
  if (!isNeeded || status === undefined) return undefined;
  const { state, mode, name } = status;
  const seen = conditionOverNodes(TYPE, nodes);
  if (seen?.status === "False") return `network policy ${name} (${seen.reason})`;
  const isPassing = state === "InSync" || state === "NotManaged" || state === "Pending" || (state === "Drifted" && mode === "Correct");
  return isPassing ? undefined : `network policy ${name} (${state})`;
}

/**
 * Condition `PolicyReconciled`: the object is as it should be, and a pod on every node has found denied what it denies, and the rest not. Unknown
 * while a node has not said so, or its agent does not report: an object that is in place proves nothing. Nothing while no policy is needed.
 * @param nodes those on which host routing is on; without any, the object is all there is
 */
export function policyCondition(
  { status, isNeeded }: PolicyKeeping,
  nodes: readonly ReportingNode[],
): readonly Omit<HostRoutingCondition, "lastTransitionTime">[] {
  if (!isNeeded || status === undefined) return [];
  const { state, message } = status;
  if (state !== "InSync") return [{ type: TYPE, status: state === "Unknown" ? "Unknown" : "False", reason: state, message }];
  return [nodes.length === 0 ? { type: TYPE, status: "True", reason: state, message } : askedOverNodes(TYPE, nodes)];
}
