import type { NodeNewsReason } from "@hostrouting/domain";
import type { EventKind } from "@hostrouting/events";
import type { PolicyNewsReason } from "@hostrouting/policy";
import { WARNING_CATALOGUE, type WarningCode } from "@hostrouting/rollout";

type Capitals<Kebab extends string> = Kebab extends `${infer First}-${infer Rest}`
  ? `${Capitalize<First>}${Capitals<Rest>}`
  : Capitalize<Kebab>;

/** The reason of the Event that tells of a warning: its code, as Kubernetes writes reasons. */
export type WarningReason = Capitals<WarningCode>;

/** `rules-passed-by` is `RulesPassedBy`. Pure. */
export function warningReason(code: WarningCode): WarningReason {
  const words = code.split("-").map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`);
  return words.join("") as WarningReason;
}

/** Of each warning what its own catalogue says. */
const OF_WARNINGS = Object.fromEntries(
  (Object.keys(WARNING_CATALOGUE) as WarningCode[]).map((code): [string, EventKind] => {
    const { severity, impact, remedy } = WARNING_CATALOGUE[code];
    return [warningReason(code), { type: severity === "Information" ? "Normal" : "Warning", action: "WatchCluster", impact, remedy }];
  }),
) as Readonly<Record<WarningReason, EventKind>>;

/** The `reason` of an Event of the worker's. */
export type WorkerEventReason = PolicyNewsReason | NodeNewsReason | WarningReason;

/** Every reason that the worker gives an Event; docs/events.md says when. */
export const WORKER_EVENT_CATALOGUE: Readonly<Record<WorkerEventReason, EventKind>> = {
  PolicyDrifted: {
    type: "Warning",
    action: "WatchPolicy",
    impact: "Pods may reach what it is to deny.",
    remedy:
      "In mode Correct it is put right at once, five times in ten minutes at most: take it out of what the writer (a GitOps tool, a webhook, a script) manages. In mode Warn change it back.",
  },
  PolicyReapplied: { type: "Normal", action: "ApplyPolicy", impact: "Pods are kept from what it denies.", remedy: "" },
  DrainBlocked: {
    type: "Warning",
    action: "EvictPods",
    impact: "The node is not switched before its pods have left.",
    remedy:
      "Relax the PodDisruptionBudget, add replicas, or wait until its pods are healthy again; then `hostrouting retry` if it was given up.",
  },
  VerificationFailed: {
    type: "Warning",
    action: "VerifyNode",
    impact: "It goes back to the stack, and is tried again while the rollout policy has attempts for it.",
    remedy: "Look at status.probes of its HostRoutingNode and at its agent's log; then `hostrouting retry` or `skip`.",
  },
  ConnectionDisruptionExpected: {
    type: "Normal",
    action: "SwitchNode",
    impact: "Connections that are open go on, but for a few: status.disruption of its HostRoutingNode counts them for a minute.",
    remedy: "A client that does not connect again by itself has to be started anew.",
  },
  ...OF_WARNINGS,
};
