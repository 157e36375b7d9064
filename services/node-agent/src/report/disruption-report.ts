import type { HostRoutingNodeStatus } from "@hostrouting/contracts";
import type { CanaryObservation } from "../canary/node-canary.ts";
import type { DisruptionObservation } from "../disruption/disruption-meter.ts";

const FAULT_CHARACTERS_MAX = 1024;

/** What the status says of the last switch. Nothing to say leaves what was said before, since the status is merged. */
export function disruptionReport(
  seen: DisruptionObservation | undefined,
  canary: CanaryObservation | undefined,
): Pick<HostRoutingNodeStatus, "disruption"> {
  const counted = seen && (seen.report ?? seen.fault) ? { ...seen.report, fault: (seen.fault ?? "").slice(0, FAULT_CHARACTERS_MAX) } : {};
  const watched = canary ? { canaries: canary.canaries, canaryFault: canary.fault.slice(0, FAULT_CHARACTERS_MAX) } : {};
  const disruption = { ...counted, ...watched };
  return Object.keys(disruption).length === 0 ? {} : { disruption };
}
