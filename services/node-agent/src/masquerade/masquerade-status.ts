import type { HostRoutingNodeStatus } from "@hostrouting/contracts";
import type { MasqueradeDecision } from "./decide-masquerade.ts";
import type { MasqueradeObservation } from "./kernel-masquerade.ts";
import { unmasqueradedRanges } from "./masquerade-config.ts";

/** What a report is made of. `shown` undefined: nothing is loaded. `exhausted`: flows' packets left to the stack for want of a port. */
export type MasqueradeReport = { decision: MasqueradeDecision; shown: MasqueradeObservation | undefined; on: boolean; exhausted: number };

/** From here on the table is called full: new flows displace old ones soon. */
const FULL_SHARE = 0.8;
const MESSAGE_CHARACTERS_MAX = 1024;

/**
 * `status.masquerade`. `Active`: flows to the outside are translated by our programs, all of them. `Degraded`: some are, or something
 * needs attention. `Off`: the stack masquerades.
 */
export function masqueradeStatus({ decision, shown, on, exhausted }: MasqueradeReport): NonNullable<HostRoutingNodeStatus["masquerade"]> {
  const { config, digest } = decision.config;
  const attention = [...decision.why, ...(shown ? kernelReasons(shown) : [])];
  const active = on && shown?.enabled === true;
  if (active && decision.config.validity.status === "False") attention.push("The configuration is invalid, the last valid one counts.");
  return {
    state: !active ? "Off" : attention.length === 0 ? "Active" : "Degraded",
    message: attention.join(" ").slice(0, MESSAGE_CHARACTERS_MAX),
    ...(digest !== undefined && { configDigest: digest }),
    ranges: config ? unmasqueradedRanges(config).length : 0,
    ports: (shown?.ports ?? []).map(({ first, last }) => `${first}-${last}`),
    live: shown?.live ?? 0,
    exhausted,
  };
}

function kernelReasons({ shared, full }: MasqueradeObservation): string[] {
  return [
    ...(shared ? ["No ports are left that the node's own sockets do not use too; every flow's port is checked when it begins."] : []),
    ...(full >= FULL_SHARE ? [`The table of translated flows is ${Math.floor(full * 100)} % full.`] : []),
  ];
}
