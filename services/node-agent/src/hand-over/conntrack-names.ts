import type { Conntrack, ConntrackEntry, ConntrackTuple } from "@hostrouting/bpf-loader";

const FAMILIES = [4, 6] as const;

/** Every entry of conntrack, both families. */
export function allEntries(conntrack: Conntrack): ConntrackEntry[] {
  return FAMILIES.flatMap((family) => conntrack.entries(family));
}

/** What two tuples of one flow have in common, for looking one up. */
export function nameOf({ protocol, source, sourcePort, destination, destinationPort }: ConntrackTuple): string {
  return [protocol, source, sourcePort, destination, destinationPort].join(" ");
}
