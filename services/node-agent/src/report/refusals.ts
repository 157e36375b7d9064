import type { HostRoutingNodeStatus } from "@hostrouting/contracts";
import type { HookedDevice } from "../host-routing/device-hooks.ts";
import { refusedDevices } from "../host-routing/effective-mode.ts";

/** Refusals in a report; the custom resource allows no more. */
const REFUSALS_MAX = 50;

/** How many pods' devices keep the stack for a reason of their own, and which, by device, as far as the report has room. */
export function refusalReport(devices: readonly HookedDevice[]): Required<Pick<HostRoutingNodeStatus, "refusedDevices" | "refusals">> {
  const refused = refusedDevices(devices).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const refusals = refused.slice(0, REFUSALS_MAX).map(({ name, reason = "", pod }) => ({ device: name, reason, ...(pod && { pod }) }));
  return { refusedDevices: refused.length, refusals };
}

/** What is refused now and was not before, or for another reason: worth a warning each. */
export function newRefusals(before: readonly HookedDevice[], now: readonly HookedDevice[]): HookedDevice[] {
  const known = new Set(refusedDevices(before).map(keyOf));
  return refusedDevices(now).filter((device) => !known.has(keyOf(device)));
}

function keyOf({ ifindex, name, reason }: HookedDevice): string {
  return [ifindex, name, reason].join(" ");
}
