import type { Action, RuleMatch } from "@hostrouting/netfilter";
import { impossible, manual, type ImpossibleReason, type ManualReason, type Refusal } from "./refusal.ts";

const list = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/));

/** Matches that only say what the fields say too, or nothing. */
const PLAIN_MATCHES = list("tcp udp sctp icmp icmp6 icmpv6 multiport comment counter last");

/** Matches of iptables by what they ask. iptables-extensions(8). */
const MATCHES: readonly (readonly [ManualReason | "ConnectionState", ReadonlySet<string>])[] = [
  ["ConnectionState", list("conntrack state connmark connlabel connbytes ct")],
  ["Set", list("set lookup iprange")],
  ["Owner", list("owner cgroup socket skuid skgid")],
  ["RateLimit", list("limit hashlimit connlimit quota rateest statistic nfacct recent numgen")],
  ["Time", list("time hour day")],
  [
    "Contents",
    list(
      "string u32 bpf length ttl hl dscp tos ecn osf tcpmss frag hbh dst rt ipv6header ah esp exthdr mac mark pkttype realm policy rpfilter",
    ),
  ],
  ["Interface", list("physdev devgroup addrtype fib iif oif iifgroup oifgroup iifkind oifkind")],
];

/** Targets of iptables and statements of nft by what they do. iptables-extensions(8), nft(8). */
const ACTIONS: readonly (readonly [ImpossibleReason, ReadonlySet<string>])[] = [
  ["Translates", list("SNAT DNAT MASQUERADE NETMAP REDIRECT TPROXY CLUSTERIP DNPT SNPT snat dnat masquerade redirect tproxy arpreply")],
  ["SegmentSize", list("TCPMSS TCPOPTSTRIP")],
  [
    "Marks",
    list("MARK CONNMARK CONNSECMARK SECMARK CLASSIFY DSCP TOS ECN HL TTL HMARK SET IDLETIMER CHECKSUM mangle secmark mark set map"),
  ],
  ["Copies", list("TEE dup fwd")],
  ["Queues", list("QUEUE NFQUEUE queue")],
  ["Tracking", list("CT NOTRACK SYNPROXY notrack synproxy ct")],
  ["Offloads", list("flow")],
  ["Logs", list("LOG NFLOG ULOG AUDIT TRACE log nflog")],
];

/** Names of nft begin with what they are of: `meta iif`, `ct state`; the second word says more for `meta`. */
function wordsOf(name: string): readonly string[] {
  const words = name.replace(/^xt[ :]/, "").split(" ");
  return words[0] === "meta" ? words.slice(1) : words.slice(0, 1);
}

/** What of a match no policy can ask, or nothing. `isIcmp`: then types are read elsewhere. */
export function unsupportedMatch({ names, inInterface, outInterface, sourcePorts }: RuleMatch): Refusal | undefined {
  if (inInterface !== undefined || outInterface !== undefined) return manual("Interface", "it names a device");
  if (sourcePorts !== undefined) return manual("SourcePorts", "it asks for source ports");
  for (const name of names) {
    const words = wordsOf(name);
    if (words.some((word) => PLAIN_MATCHES.has(word))) continue;
    const [reason] = MATCHES.find(([, known]) => words.some((word) => known.has(word))) ?? ["NotUnderstood" as const];
    return reason === "ConnectionState" ? impossible(reason, `it asks for ${name}`) : manual(reason, `it asks for ${name}`);
  }
  return undefined;
}

/** What of a rule's actions no policy does, or nothing where it denies, whatever it notes before. */
export function unsupportedAction(actions: readonly Action[]): Refusal | undefined {
  const denies = actions.some(({ kind }) => kind === "drop" || kind === "reject");
  for (const action of actions) {
    if (action.kind !== "extension") continue;
    const words = wordsOf(action.name);
    const [reason] = ACTIONS.find(([, known]) => words.some((word) => known.has(word))) ?? [];
    if (reason === undefined) return manual("NotUnderstood", `what ${action.name} does is not known`);
    if (!(denies && reason === "Logs")) return impossible(reason, `it does ${action.name}`);
  }
  if (denies) return undefined;
  return manual("AllowList", "it denies nothing by itself");
}
