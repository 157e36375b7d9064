import type { HostRoutingConfigSpec, HostRoutingNodeSpec } from "@hostrouting/contracts";

/** What the guard should be. Leave: not enough is known to change anything. Strict: enforcing, and new tables and sets need a permit as well. `auditUntil`: milliseconds since 1970; until then nothing is refused. */
export type GuardWish =
  | { readonly kind: "leave" }
  | { readonly kind: "off" }
  | { readonly kind: "on"; readonly mode: "Audit" | "Enforce" | "Strict"; readonly auditUntil: number | undefined };

/** All that a wish follows from. Undefined: not known yet; `order` is null when the node has none. */
export type GuardInputs = {
  readonly order: Pick<HostRoutingNodeSpec, "mode"> | null | undefined;
  readonly config: Pick<HostRoutingConfigSpec, "guard"> | null | undefined;
  /** Our programs carry packets, or may: rules that come now would be passed by. */
  readonly datapathPresent: boolean;
  /** Host routing is on and confirmed to the kernel: what enforced goes on enforcing, whatever rules are found. */
  readonly enforcing: boolean;
  /** A scan that began after the guard was attached found no rule that would be passed by. */
  readonly cleanSinceAttach: boolean;
  /** The node's pods are known, so that the cluster's own writers have their permits. */
  readonly writersKnown: boolean;
  /** The guard's programs can refuse on this kernel. Where they cannot, nothing is won by telling of kube-proxy's rules before it is known. */
  readonly canRefuse: boolean;
};

/**
 * The guard comes before the datapath and goes after it. It audits first; once a scan, begun while it was attached already, finds the node
 * clean, nothing can come in between, and it enforces. Pure.
 */
export function decideGuard(inputs: GuardInputs): GuardWish {
  const { order, config, datapathPresent } = inputs;
  if (order === undefined || config === undefined) return { kind: "leave" };
  const wanted = order?.mode === "BpfVeth" || order?.mode === "Drain";
  const mode = config?.guard?.mode ?? "Enforce";
  if (mode === "Off" || (!wanted && !datapathPresent)) return { kind: "off" };
  if (!wanted || (!inputs.canRefuse && !inputs.writersKnown)) return { kind: "leave" };
  const auditUntil = config?.guard?.auditUntil === undefined ? undefined : Date.parse(config.guard.auditUntil);
  const ready = inputs.enforcing || (inputs.cleanSinceAttach && inputs.writersKnown);
  return { kind: "on", mode: ready ? mode : "Audit", auditUntil };
}

/** What the guard shows, as far as switching the node on waits for it. */
export type GuardReadiness = {
  readonly wish: GuardWish;
  /** The guard's programs can refuse on this kernel; where they cannot, nothing is waited for. */
  readonly canRefuse: boolean;
  readonly attached: boolean;
  readonly cleanSinceAttach: boolean;
  readonly writersKnown: boolean;
};

/** Why the node is not switched on yet, or undefined. One that is on is never switched off by this. Pure. */
export function guardRefusal({ wish, canRefuse, attached, cleanSinceAttach, writersKnown }: GuardReadiness): string | undefined {
  if (wish.kind !== "on" || !canRefuse) return undefined;
  if (!attached) return "The guard against packet filter rules is not attached yet.";
  if (!cleanSinceAttach)
    return "The guard against packet filter rules is attached; the rules are being read once more, so that none was added before.";
  if (!writersKnown)
    return "The guard against packet filter rules waits for the list of this node's pods, so that it refuses none of the cluster's own.";
  return undefined;
}
