import { contains, parseRange } from "./address-range.ts";
import type { ClusterwidePolicy, EgressDeny } from "./cilium-policy.ts";
import type { RuleFilter } from "./rule-filter.ts";
import type { Translation } from "./translate-rules.ts";

/**
 * What of a policy's egress denials a node's own rules do not deny, as `tcp 168.63.129.16/32 80`. Empty when the node keeps all of them without the
 * policy. A rule counts only where every packet gets to it (see `translateRules`).
 */
export function missingDenials(policy: ClusterwidePolicy, translations: readonly Translation[]): readonly string[] {
  const filters = translations.flatMap((one) => (one.kind === "Translated" && one.filter.direction === "egress" ? [one.filter] : []));
  return (policy.spec.egressDeny ?? [])
    .flatMap(deniedOf)
    .flatMap((denied) => (filters.some((filter) => covers(filter, denied)) ? [] : denied.text));
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
