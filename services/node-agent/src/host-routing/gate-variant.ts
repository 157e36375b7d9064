import { BpfObject } from "@hostrouting/bpf-loader";
import { AppError } from "@hostrouting/domain";

/**
 * How the gate decides, by what the kernel lends. Conntrack: asks it, and tells it of flows whose ports NAT must not take. ConntrackReadOnly (before Linux 6.0):
 * asks it; a Service connection may wait a second for a port in TIME_WAIT. HandshakeOnly (no BTF of nf_conntrack): TCP whose beginning was
 * seen is fast; UDP and what leaves the cluster's network keep the stack.
 */
export type GateVariant = "Conntrack" | "ConntrackReadOnly" | "HandshakeOnly";

/** Best first. */
const VARIANTS = ["Conntrack", "ConntrackReadOnly", "HandshakeOnly"] as const satisfies readonly GateVariant[];

/** Values of gate.h's constants. With `adopt` a flow that conntrack tracks and does not translate becomes fast too. */
export function gateConstants(
  variant: GateVariant,
  adopt: boolean,
): Record<"hr_conntrack_lookup" | "hr_conntrack_entries" | "hr_adopt", number> {
  return {
    hr_conntrack_lookup: Number(variant !== "HandshakeOnly"),
    hr_conntrack_entries: Number(variant === "Conntrack"),
    hr_adopt: Number(adopt && variant === "Conntrack"),
  };
}

/** The best variant that this kernel takes, tried by loading it; nothing stays loaded. Undefined: it takes none. */
export function probeGate(objectPath: string): GateVariant | undefined {
  return VARIANTS.find((variant) => loads(objectPath, variant));
}

/** What the kernel refuses is an answer; anything else, such as a missing object, is a fault. */
function loads(objectPath: string, variant: GateVariant): boolean {
  try {
    BpfObject.load(objectPath, { constants: gateConstants(variant, false) }).close();
    return true;
  } catch (error) {
    if (error instanceof AppError && error.code === "bpf.load-refused") return false;
    throw error;
  }
}
