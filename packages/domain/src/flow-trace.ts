/** One end of a flow. `port` is 0 for ICMP echo. */
export type FlowEnd = { readonly address: string; readonly port: number };

/** A flow as people name it: who began it, and to whom. ICMP means echo. */
export type FlowTuple = { readonly protocol: "tcp" | "udp" | "icmp"; readonly source: FlowEnd; readonly destination: FlowEnd };

/** What conntrack says of a flow. `Ended`: a mark left by a fast flow that is over, for as long as its ports may be in TIME_WAIT. */
export type ConntrackVerdict = "NotAsked" | "Unknown" | "Ended" | "Tracked";

/** What the kernel's routing answered. `answer` is BPF_FIB_LKUP_RET_* without its prefix (linux/bpf.h), `NotAsked`, or an errno. */
export type RouteVerdict = { readonly answer: string; readonly device: string | undefined; readonly mtuBytes: number };

/** One direction of a flow on one node: what our program on `device` does with its next packet (`reason`), and the evidence, asked apart from it. */
export type TracedDirection = {
  readonly source: FlowEnd;
  readonly destination: FlowEnd;
  readonly device: string;
  readonly role: "Pod" | "Uplink" | "None";
  readonly reason: string;
  /** Whose the source address is: the device's own, another's, or nobody's here. Of packets from a pod only. */
  readonly sourceCheck: "Own" | "OtherDevice" | "NoPod" | undefined;
  readonly addressClass: "Stack" | "Native" | "OwnNode" | "Masquerade" | "None";
  /** The local pod's device that the packet is for. */
  readonly endpoint: string | undefined;
  /** Which of its ends are pods of this node that are kept on the stack. */
  readonly keptOnStack: readonly ("source" | "destination")[];
  readonly conntrack: ConntrackVerdict;
  /** How long ago the flow was seen on the fast path, milliseconds. */
  readonly flowAgeMs: number | undefined;
  readonly translation: (FlowEnd & { readonly ageMs: number }) | undefined;
  readonly route: RouteVerdict;
};

/** A direction whose packets no program of ours sees on this node. */
export type UnseenDirection = {
  readonly source: FlowEnd;
  readonly destination: FlowEnd;
  /**
   * `NotHere`: neither end is a pod of this node. `NoProgram`: none of ours is on the pod's device. `NotTranslatedYet`: where its packets
   * come in is decided by the first packet out. `NoUplink`: this node has no device towards others.
   */
  readonly unseen: "NotHere" | "NoProgram" | "NotTranslatedYet" | "NoUplink";
};

/** What a node does with a flow, there and back. `mode` is `Absent` when nothing of ours is loaded. */
export type FlowTrace = {
  readonly protocol: FlowTuple["protocol"];
  readonly mode: "On" | "Drain" | "Off" | "Absent";
  readonly directions: readonly (TracedDirection | UnseenDirection)[];
};

/** `10.244.1.5:40000`, `[fd00::5]:80`, or the address alone when there is no port. */
export function flowEndText({ address, port }: FlowEnd): string {
  if (port === 0) return address;
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
