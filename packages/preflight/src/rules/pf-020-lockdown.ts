import { nodePrecondition } from "../node-precondition.ts";
import { warns } from "../rule.ts";

/** PF-020: the kernel's lockdown refuses none of our programs. Its mode `integrity`, which secure boot brings, does not. */
export const lockdown = nodePrecondition({
  id: "PF-020",
  title: "The kernel is not locked down",
  name: "Lockdown",
  severity: warns,
  isOptional: true,
  remedy: "Boot the nodes with `lockdown=integrity` or without; programs that read the kernel's memory are refused otherwise.",
});
