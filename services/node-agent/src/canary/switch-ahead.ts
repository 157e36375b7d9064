import type { ControlState } from "../host-routing/datapath.ts";
import type { Desired } from "../host-routing/node-datapath.ts";
import type { CanaryStep } from "./node-canary.ts";

/** The switch that bringing the kernel to `desired` would begin. None for an end at once, which waits for nobody. */
export function switchAhead(
  desired: Desired,
  control: Pick<ControlState, "mode" | "generation" | "missed"> | undefined,
): CanaryStep | undefined {
  if (desired.kind === "leave") return undefined;
  if (desired.kind !== "on") return control?.mode === "On" && !(desired.kind === "off" && desired.atOnce) ? "Drain" : undefined;
  if (control?.generation !== desired.generation) return "On";
  return control.missed || control.mode === "On" ? undefined : "On";
}
