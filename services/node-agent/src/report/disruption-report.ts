import type { HostRoutingNodeStatus } from "@hostrouting/contracts";
import type { DisruptionObservation } from "../disruption/disruption-meter.ts";

const FAULT_CHARACTERS_MAX = 1024;

/** What the status says of the last switch. Nothing to say leaves what was said before, since the status is merged. */
export function disruptionReport(seen: DisruptionObservation | undefined): Pick<HostRoutingNodeStatus, "disruption"> {
  if (!seen || (!seen.report && !seen.fault)) return {};
  return { disruption: { ...seen.report, fault: (seen.fault ?? "").slice(0, FAULT_CHARACTERS_MAX) } };
}
