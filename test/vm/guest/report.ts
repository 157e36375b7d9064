import type { GateVariant } from "../../../services/node-agent/src/host-routing/gate-variant.ts";
import type { ProgramCost } from "../instruction-budget.ts";

/** How one object file fared in the guest. `refusal` only when the kernel did not take it. */
export type ObjectReport = {
  readonly object: string;
  readonly refusal?: string;
  readonly loadMs: number;
  readonly programs: Readonly<Record<string, ProgramCost>>;
};

/** What a guest says of itself, one JSON line each, in this order. `gate` is the best that the kernel takes, the objects are loaded with Conntrack where it is there. */
export type GuestLine =
  | { readonly kind: "kernel"; readonly release: string; readonly hook: "tcx" | "clsact" }
  | {
      readonly kind: "objects";
      readonly conntrack: boolean;
      readonly gate: GateVariant | "none";
      readonly objects: readonly ObjectReport[];
    }
  | { readonly kind: "self-test"; readonly hook: string; readonly outcome: string; readonly message: string; readonly fastLocal: number }
  | { readonly kind: "failure"; readonly message: string }
  | { readonly kind: "end" };
