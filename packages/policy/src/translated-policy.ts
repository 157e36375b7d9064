import {
  denyPolicy,
  type ClusterwidePolicy,
  type DeniedTraffic,
  type EgressDeny,
  type IngressDeny,
  type PolicyPort,
} from "./cilium-policy.ts";
import type { PortRange } from "./port-range.ts";
import type { RuleFilter } from "./rule-filter.ts";
import type { Translation } from "./translate-rules.ts";

/** Ports in one list. Cilium, api.PortRule. */
const PORTS_MAX = 40;
const ALL_PORTS: PortRange = { from: 1, to: 65_535 };

/** One policy of ours that denies what the translated rules deny, each denial once; nothing when none could be translated. */
export function translatedPolicy(name: string, translations: readonly Translation[]): ClusterwidePolicy | undefined {
  const filters = translations.flatMap((one) => (one.kind === "Translated" ? [one.filter] : []));
  const cidrs = ({ ranges }: RuleFilter): string[] => ranges.map(({ cidr }) => cidr);
  const of = (direction: RuleFilter["direction"]): RuleFilter[] => filters.filter((filter) => filter.direction === direction);
  const egress = of("egress").map((filter): EgressDeny => ({ toCIDR: cidrs(filter), ...trafficOf(filter) }));
  const ingress = of("ingress").map((filter): IngressDeny => ({ fromCIDR: cidrs(filter), ...trafficOf(filter) }));
  if (egress.length + ingress.length === 0) return undefined;
  return denyPolicy(name, "Made from packet filter rules that host routing passes by.", { egress: once(egress), ingress: once(ingress) });
}

function once<T>(rules: readonly T[]): T[] {
  return [...new Map(rules.map((rule) => [JSON.stringify(rule), rule])).values()];
}

function trafficOf({ protocol, ports, icmp }: RuleFilter): DeniedTraffic {
  if (icmp !== undefined) return { icmps: [{ fields: [icmp] }] };
  if (protocol === "Any" || protocol === "ICMP") return {};
  const list = (ports.length === 0 ? [ALL_PORTS] : ports).map(({ from, to }): PolicyPort => {
    return from === to ? { port: String(from), protocol } : { port: String(from), endPort: to, protocol };
  });
  const lists = Array.from({ length: Math.ceil(list.length / PORTS_MAX) }, (_, at) => list.slice(at * PORTS_MAX, (at + 1) * PORTS_MAX));
  return { toPorts: lists.map((each) => ({ ports: each })) };
}
