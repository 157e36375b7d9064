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
  GuardAttached: {
    type: "Normal",
    action: "AttachGuard",
    impact: "The cluster's own writers of rules are let through.",
    remedy: "",
  },
  GuardDetached: {
    type: "Normal",
    action: "DetachGuard",
    impact: "Packet filter rules are neither refused nor told of while they are written; scans find them.",
    remedy: "",
  },
  SwitchStarted: {
    type: "Normal",
    action: "SwitchOn",
    impact: "Pods' new connections take the fast path; the kernel takes it back unless it is confirmed in time.",
    remedy: "",
  },
  HostRoutingEnabled: {
    type: "Normal",
    action: "ConfirmSwitch",
    impact: "Pods' packets pass the node's packet filter rules by; network policies hold for them.",
    remedy: "",
  },
  HostRoutingReverted: {
    type: "Warning",
    action: "RevertSwitch",
    impact: "Pods' packets take the stack again, as before host routing.",
    remedy: "Look at status of this node's HostRoutingNode, and at the waits of hostRoutings/default, which say what is tried next.",
  },
  VerificationFailed: {
    type: "Warning",
    action: "TestDatapath",
    impact: "The node does not count as switched; pods' packets on the fast path may be lost.",
    remedy:
      "Look at status.probes of this node's HostRoutingNode; if it lasts, switch off with `spec.emergencyOff` of HostRoutingConfig `default`.",
  },
  EventsSuppressed: {
    type: "Warning",
    action: "LimitEvents",
    impact: "This Event's count says how many occurrences have no Event of their own.",
    remedy: "Stop what causes the others; all of them are in the agent's log and totals.",
  },
} as const satisfies Readonly<Record<string, EventKind>>;

/** What becomes of the node itself: one writing of each in a minute, whatever flaps. */
export const RARE_REASONS: ReadonlySet<string> = new Set([
  "GuardAttached",
  "GuardDetached",
  "SwitchStarted",
  "HostRoutingEnabled",
  "HostRoutingReverted",
  "VerificationFailed",
] satisfies (keyof typeof EVENT_CATALOGUE)[]);

/** The `reason` of an Event. */
export type EventReason = keyof typeof EVENT_CATALOGUE;
