import { requireArgument } from "./bpf-fault.ts";
import { requireIndex } from "./checked-arguments.ts";

/** Where a program meets a device's packets: as they come in, or as they leave. */
export type DeviceSide = { readonly ifindex: number; readonly side: "Ingress" | "Egress" };

/** One side of a device, and nothing else. */
export function requireDeviceSide(value: unknown): asserts value is DeviceSide {
  requireArgument(typeof value === "object" && value !== null, "that is no side of a device");
  const { ifindex, side } = value as Record<string, unknown>;
  requireIndex(ifindex);
  requireArgument(side === "Ingress" || side === "Egress", "a device has the sides Ingress and Egress");
}
