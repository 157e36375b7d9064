import type { EventKind } from "@hostrouting/events";

/** Every reason that the agent gives an Event; docs/events.md says when. UnexpectedIPTablesRules and BlockedIPTablesRule are AKS' own names for these. */
export const EVENT_CATALOGUE = {
  UnexpectedIPTablesRules: {
    type: "Warning",
    action: "ScanRules",
    impact: "Host routing is not switched on here meanwhile; where it is on, pods' packets pass these rules by.",
    remedy: "If a rule is needed, say the same with a network policy; then remove it.",
  },
  UnreadableIPTablesRules: {
    type: "Warning",
    action: "ScanRules",
    impact: "Host routing is not switched on here before the rules are known.",
    remedy: "Repair what is named; the node is looked at again every minute.",
  },
  RulesClean: {
    type: "Normal",
    action: "ScanRules",
    impact: "No packet filter rule keeps host routing from this node any more.",
    remedy: "",
  },
  BlockedIPTablesRule: {
    type: "Warning",
    action: "DenyRule",
    impact: "The rule was refused with EPERM: pods' packets would pass it by.",
    remedy: "Say the same with a network policy, or have the program's rules allowed.",
  },
  AuditedIPTablesRule: {
    type: "Warning",
    action: "AuditRule",
    impact: "The rule was not refused, and pods' packets pass it by; where the guard enforces, it is refused.",
    remedy: "Say the same with a network policy, or have the program's rules allowed.",
  },
  BlockerTampered: {
    type: "Warning",
    action: "CheckPins",
    impact: "Who does so wants rules that nobody refuses.",
    remedy: "Find out which pod or person has access to /sys/fs/bpf of this node or may call bpf() there.",
  },
  PolicyNotEnforced: {
    type: "Warning",
    action: "ProbePolicy",
    impact: "Any pod of this node reaches it too: keys and identities of the node may be in others' hands.",
    remedy: "Look at status.policy of this node's HostRoutingNode and at the network policy; it is tried again every ten seconds.",
  },
  EventsSuppressed: {
    type: "Warning",
    action: "LimitEvents",
    impact: "This Event's count says how many occurrences have no Event of their own.",
    remedy: "Stop what causes the others; all of them are in the agent's log and totals.",
  },
} as const satisfies Readonly<Record<string, EventKind>>;

/** The `reason` of an Event. */
export type EventReason = keyof typeof EVENT_CATALOGUE;
