import type { Operand, PacketRule } from "@hostrouting/netfilter";
import { cidrText, contains, overlaps, parseRange, type AddressRange } from "./address-range.ts";
import type { PolicyIcmp } from "./cilium-policy.ts";
import { icmpTypeOf } from "./icmp-type.ts";
import { parsePorts, type PortRange } from "./port-range.ts";
import { manual, type Refusal } from "./refusal.ts";
import { unsupportedAction, unsupportedMatch } from "./unsupported.ts";

/** Transport protocols that have ports in a policy; `Any` is everything that IP carries. */
export type FilterProtocol = "TCP" | "UDP" | "SCTP" | "ICMP" | "Any";

/** The packets that a denying rule is for, as far as a policy can say it. Egress: what pods send to these ranges; ingress: what they get from there. */
export type RuleFilter = {
  readonly direction: "egress" | "ingress";
  readonly ranges: readonly { readonly cidr: string; readonly range: AddressRange }[];
  readonly protocol: FilterProtocol;
  /** Destination ports; none are all. */
  readonly ports: readonly PortRange[];
  readonly icmp: PolicyIcmp | undefined;
};

/** What translation must know of the cluster. Texts that are no ranges are refused with the rules that they concern. */
export type ClusterPlace = {
  /** Addresses of nodes: exempting one of them exempts nothing that a policy would deny, since policies select pods. */
  readonly nodeAddresses: readonly string[];
  /** Ranges of pods, Services and nodes, which CIDR rules do not match. */
  readonly clusterCidrs: readonly string[];
};

type Found<T> = { readonly value: T } | { readonly refusal: Refusal };

const refuse = (...given: Parameters<typeof manual>): { readonly refusal: Refusal } => ({ refusal: manual(...given) });

/** The filter of a rule that denies, or why no policy says it. */
export function ruleFilter(rule: PacketRule, place: ClusterPlace): Found<RuleFilter> {
  const refusal = unsupportedAction(rule.actions) ?? unsupportedMatch(rule.match);
  if (refusal !== undefined) return { refusal };
  const address = addressOf(rule, place);
  if ("refusal" in address) return address;
  const protocol = protocolOf(rule.match);
  if ("refusal" in protocol) return protocol;
  const ports = portsOf(rule.match.destinationPorts);
  if ("refusal" in ports) return ports;
  const icmp = icmpOf(rule, protocol.value);
  if ("refusal" in icmp) return icmp;
  return { value: { ...address.value, protocol: protocol.value, ports: ports.value, icmp: icmp.value } };
}

function addressOf({ match }: PacketRule, place: ClusterPlace): Found<Pick<RuleFilter, "direction" | "ranges">> {
  const { destination } = match;
  const exempt = match.source?.negated === true && destination !== undefined;
  if (exempt && !match.source.values.every((value) => isNode(value, place)))
    return refuse("ExemptAddress", `it exempts ${match.source.values.join(", ")}, which is no node`);
  const source = exempt ? undefined : match.source;
  if (source !== undefined && destination !== undefined) return refuse("BothEnds", "it names both ends");
  const operand = destination ?? source;
  if (operand === undefined) return refuse("NoAddress", "it names no address");
  if (operand.negated) return refuse("Negated", `it is for everything but ${operand.values.join(", ")}`);
  const ranges = rangesOf(operand, place);
  return "refusal" in ranges ? ranges : { value: { direction: destination === undefined ? "ingress" : "egress", ranges: ranges.value } };
}

function isNode(text: string, { nodeAddresses }: ClusterPlace): boolean {
  const exempted = parseRange(text);
  return (
    exempted !== undefined &&
    nodeAddresses.some((address) => {
      const node = parseRange(address);
      return node !== undefined && contains(node, exempted);
    })
  );
}

function rangesOf({ values }: Operand, { clusterCidrs }: ClusterPlace): Found<RuleFilter["ranges"]> {
  const ranges: { cidr: string; range: AddressRange }[] = [];
  for (const text of values) {
    const range = parseRange(text);
    const cidr = cidrText(text);
    if (range === undefined || cidr === undefined) return refuse("Set", `${text} is no range of addresses with a prefix`);
    const own = clusterCidrs.find((each) => {
      const known = parseRange(each);
      return known !== undefined && overlaps(known, range);
    });
    if (own !== undefined) return refuse("ClusterAddress", `${text} has addresses of the cluster's own range ${own}`);
    ranges.push({ cidr, range });
  }
  return ranges.length === 0 ? refuse("NoAddress", "it names no address") : { value: ranges };
}

/** Names and numbers as iptables-save and nft print them. IANA, Protocol Numbers. */
const PROTOCOLS: Readonly<Record<string, FilterProtocol>> = {
  tcp: "TCP",
  udp: "UDP",
  sctp: "SCTP",
  icmp: "ICMP",
  icmpv6: "ICMP",
  "ipv6-icmp": "ICMP",
  "1": "ICMP",
  "6": "TCP",
  "17": "UDP",
  "58": "ICMP",
  "132": "SCTP",
};

/** What an operand says of the protocol, several of them included; undefined where one is not known. */
export function protocolsOf(operand: Operand | undefined): ReadonlySet<FilterProtocol> | undefined {
  if (operand === undefined || operand.negated) return undefined;
  const known = operand.values.map((value) => PROTOCOLS[value]);
  return known.every((protocol) => protocol !== undefined) ? new Set(known) : undefined;
}

function protocolOf({ protocol: operand, names }: PacketRule["match"]): Found<FilterProtocol> {
  // nft says the protocol by asking for a field of it.
  if (operand === undefined) return { value: names.some((name) => /^icmp(v6)? type$/.test(name)) ? "ICMP" : "Any" };
  const [protocol, ...more] = protocolsOf(operand) ?? [];
  if (protocol === undefined || more.length > 0)
    return refuse("Protocol", `its protocol is ${operand.negated ? "not " : ""}${operand.values.join(", ")}`);
  return { value: protocol };
}

function portsOf(operand: Operand | undefined): Found<readonly PortRange[]> {
  if (operand === undefined) return { value: [] };
  if (operand.negated) return refuse("Negated", `it is for all ports but ${operand.values.join(", ")}`);
  const ports = operand.values.flatMap((value) => parsePorts(value) ?? []);
  return ports.length < operand.values.length ? refuse("Set", `its ports are ${operand.values.join(", ")}`) : { value: ports };
}

/** What remains of the options must be the type of an ICMP rule, or what a REJECT answers; anything else asks more than a policy can. */
function icmpOf({ match, actions }: PacketRule, protocol: FilterProtocol): Found<PolicyIcmp | undefined> {
  const rejects = actions.some(({ kind }) => kind === "reject");
  const options = match.options.filter((option) => !(rejects && option.startsWith("--reject-with ")));
  if (protocol !== "ICMP") {
    const [first] = options;
    return first === undefined ? { value: undefined } : refuse("Contents", `it asks for ${first}`);
  }
  const type = icmpTypeOf(options);
  if (type === undefined) return refuse("IcmpCode", `it asks for ${options.join(", ") || "ICMP of every type"}`);
  return { value: type };
}
