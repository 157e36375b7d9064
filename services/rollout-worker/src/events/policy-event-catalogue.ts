import type { EventKind } from "@hostrouting/events";
import type { PolicyNewsReason } from "@hostrouting/policy";

/** Every reason that the worker gives an Event; docs/events.md says when. */
export const POLICY_EVENT_CATALOGUE: Readonly<Record<PolicyNewsReason, EventKind>> = {
  PolicyDrifted: {
    type: "Warning",
    action: "WatchPolicy",
    impact: "Pods may reach what it is to deny.",
    remedy:
      "In mode Correct it is put right at once, five times in ten minutes at most: take it out of what the writer (a GitOps tool, a webhook, a script) manages. In mode Warn change it back.",
  },
  PolicyReapplied: { type: "Normal", action: "ApplyPolicy", impact: "Pods are kept from what it denies.", remedy: "" },
};
