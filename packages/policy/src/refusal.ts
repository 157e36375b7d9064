/** Why a person has to say it otherwise: the policies can do something like it, but not by themselves and not with the same meaning. */
export type ManualReason =
  | "AllowList"
  | "BothEnds"
  | "ClusterAddress"
  | "ConditionalJump"
  | "Contents"
  | "EarlierAccept"
  | "ExemptAddress"
  | "Hook"
  | "IcmpCode"
  | "Interface"
  | "LinkLayer"
  | "Negated"
  | "NoAddress"
  | "NotUnderstood"
  | "Owner"
  | "Protocol"
  | "RateLimit"
  | "Set"
  | "SourcePorts"
  | "Time";

/** Why no policy can do it. */
export type ImpossibleReason =
  | "ConnectionState"
  | "Copies"
  | "Logs"
  | "Marks"
  | "Offloads"
  | "Queues"
  | "SegmentSize"
  | "Tracking"
  | "Translates";

/** A rule that no policy says: why, and what to do instead. `detail` names the part of the rule, made visible. */
export type Refusal =
  | { readonly kind: "Manual"; readonly reason: ManualReason; readonly detail: string; readonly hint: string }
  | { readonly kind: "Impossible"; readonly reason: ImpossibleReason; readonly detail: string; readonly hint: string };

const MANUAL_HINTS: Readonly<Record<ManualReason, string>> = {
  AllowList: "Write CiliumNetworkPolicies that allow what is needed: pods that one selects are denied everything else.",
  BothEnds: "Select the pods by their labels in `endpointSelector`, and name the other end's addresses.",
  ClusterAddress: "CIDR rules match no pods, nodes and Services: use `toEndpoints`, `toEntities` (host, remote-node) or `toServices`.",
  ConditionalJump: "Write the conditions of the jump into the rule itself, or a policy by hand that has both.",
  Contents: "Policies look at addresses, protocols and ports. Use an L7 rule if it is HTTP, Kafka or DNS.",
  EarlierAccept:
    "A denial always wins over an allowance in Cilium: leave the exception out of the denied ranges (`toCIDRSet` with `except`), or select other pods.",
  ExemptAddress: "Select all pods but those that are exempt in `endpointSelector`.",
  Hook: "Say it with a policy by hand once it is clear which packets get there.",
  IcmpCode: "Policies know types of ICMP, not codes: deny the type as a whole if that is enough.",
  Interface: "Policies know pods instead of devices: select the pods by their labels.",
  LinkLayer: "Policies look at IP packets; nothing below them can be said.",
  Negated: "Deny the whole range with `toCIDRSet`, and leave out what is negated with `except`.",
  NoAddress: "A rule without addresses concerns pods as well: use `toEntities: [all]` or `toEndpoints`.",
  NotUnderstood: "Find out what it does, and say it with a policy by hand.",
  Owner: "Select the pods by labels and service account: policies know no users, sockets or control groups.",
  Protocol: "Policies know TCP, UDP, SCTP and types of ICMP.",
  RateLimit: "Policies do not count. For a pod's bandwidth use the bandwidth manager (`kubernetes.io/egress-bandwidth`).",
  Set: "Keep the addresses in a CiliumCIDRGroup, and refer to it with `cidrGroupRef`.",
  SourcePorts: "Policies know destination ports only.",
  Time: "Policies hold at all times: have something apply and remove them.",
};

const IMPOSSIBLE_HINTS: Readonly<Record<ImpossibleReason, string>> = {
  ConnectionState: "Nothing is needed: policies judge a connection where it begins, and answers pass with it.",
  Copies: "Use Hubble, or a virtual network TAP, to see the traffic.",
  Logs: "Use Hubble: it shows flows and denials with the pods' names.",
  Marks: "Marks and classes of packets are not policies: use the bandwidth manager, or mark in the workload itself.",
  Offloads: "Nothing is needed: host routing is itself such a shortcut.",
  Queues: "Packets of pods cannot be given to a program on the node: use an L7 policy, or a proxy in front of the pods.",
  SegmentSize: "Set the pods' MTU in the CNI's configuration.",
  Tracking: "Connection tracking is not a policy's; nothing of pods is to be left out of it.",
  Translates:
    "Use a Service for what is redirected to pods, CiliumLocalRedirectPolicy on a node, and an egress gateway for a source address.",
};

/** A rule that a person has to say. */
export function manual(reason: ManualReason, detail: string): Refusal {
  return { kind: "Manual", reason, detail, hint: MANUAL_HINTS[reason] };
}

/** A rule that cannot be said. */
export function impossible(reason: ImpossibleReason, detail: string): Refusal {
  return { kind: "Impossible", reason, detail, hint: IMPOSSIBLE_HINTS[reason] };
}
