import type { Judged } from "@hostrouting/netfilter";
import { contains, overlaps, parseRange } from "./address-range.ts";
import type { ClusterwidePolicy, EgressDeny } from "./cilium-policy.ts";
import type { RuleFilter } from "./rule-filter.ts";
import { translateRules } from "./translate-rules.ts";

/**
 * What of a policy's egress denials a node's own rules do not deny, as `tcp 168.63.129.16/32 80`. Empty when the node denies all of it without the
 * policy. A rule counts only where every packet gets to it (see `translateRules`). `judged`: all rules of the node.
 */
export function missingDenials(policy: ClusterwidePolicy, judged: readonly Judged[], nodeAddresses: readonly string[]): readonly string[] {
  const denied = (policy.spec.egressDeny ?? []).flatMap(deniedOf);
  const wanted = denied.flatMap(({ cidr }) => parseRange(cidr) ?? []);
  const isWanted = ({ rule }: Judged): boolean =>
    rule?.match.destination?.values.some((value) => {
      const range = parseRange(value);
      return range !== undefined && wanted.some((each) => overlaps(range, each));
    }) ?? false;
  // A table that sleeps denies nothing.
  const awake = judged.filter(({ table }) => !table.dormant);
  const translations = translateRules(awake, { nodeAddresses, clusterCidrs: [] }, isWanted);
  const filters = translations.flatMap((one) => (one.kind === "Translated" && one.filter.direction === "egress" ? [one.filter] : []));
  return denied.flatMap((each) => (filters.some((filter) => covers(filter, each)) ? [] : each.text));
}

type Denied = {
  readonly cidr: string;
  readonly protocol: RuleFilter["protocol"];
  readonly from: number;
  readonly to: number;
  readonly text: string;
};

function deniedOf({ toCIDR, toPorts }: EgressDeny): Denied[] {
  if (toPorts === undefined) return toCIDR.map((cidr) => ({ cidr, protocol: "Any", from: 1, to: 65_535, text: `all ${cidr}` }));
  return toCIDR.flatMap((cidr) =>
    toPorts.flatMap(({ ports }) =>
      ports.map(({ port, endPort, protocol }): Denied => {
        const range = endPort === undefined ? port : `${port}-${endPort}`;
        return { cidr, protocol, from: Number(port), to: endPort ?? Number(port), text: `${protocol.toLowerCase()} ${cidr} ${range}` };
      }),
    ),
  );
}

function covers(filter: RuleFilter, { cidr, protocol, from, to }: Denied): boolean {
  const wanted = parseRange(cidr);
  if (wanted === undefined || filter.icmp !== undefined) return false;
  if (filter.protocol !== "Any" && filter.protocol !== protocol) return false;
  const inPorts = filter.ports.length === 0 || filter.ports.some((ports) => ports.from <= from && to <= ports.to);
  return inPorts && filter.ranges.some(({ range }) => contains(range, wanted));
}
