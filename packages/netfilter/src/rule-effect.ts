import type { Action, PacketRule } from "./packet-rule.ts";

/** What a rule by itself does to a packet that fits, where its jumps are not followed. */
export type Effect =
  | { readonly kind: "acts"; readonly how: string }
  | { readonly kind: "jumps" }
  | { readonly kind: "accepts" }
  | { readonly kind: "returns" }
  | { readonly kind: "nothing"; readonly how: string }
  | { readonly kind: "unclear"; readonly what: string };

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/));

/** Targets that change or decide. iptables-extensions(8), "TARGET EXTENSIONS"; ebtables-nft(8); arptables-nft(8). */
const ACTING_TARGETS = words(
  `CHECKSUM CLASSIFY CLUSTERIP CONNMARK CONNSECMARK CT DNAT DNPT DSCP ECN HL HMARK IDLETIMER MARK MASQUERADE NETMAP NFQUEUE QUEUE REDIRECT
   SECMARK SET SNAT SNPT SYNPROXY TCPMSS TCPOPTSTRIP TEE TOS TPROXY TTL arpreply dnat mangle mark redirect snat`,
);
/** Targets that only write something down, or keep the connection table out of it. CONTINUE is that of ebtables and arptables. */
const QUIET_TARGETS = words("AUDIT CONTINUE LED LOG NFLOG NOTRACK RATEEST TRACE ULOG log nflog");
/** A program at a hook: it may do anything. */
const PROGRAM = "bpf-program";
/** Statements that change or decide. nft(8), "STATEMENTS". */
const ACTING_STATEMENTS = words("dnat dup flow fwd mangle map masquerade queue redirect reset secmark set snat synproxy tproxy");
const QUIET_STATEMENTS = words("log notrack");

/** Matches of iptables and ebtables that are known. None of them changes a packet. iptables-extensions(8), "MATCH EXTENSIONS". */
const MATCHES = words(
  `802_3 addrtype ah among arp bpf cgroup cluster comment connbytes connlabel connlimit connmark conntrack cpu dccp devgroup dscp dst ecn esp
   eui64 frag hashlimit hbh helper hl icmp icmp6 icmpv6 ip ip6 iprange ipv6header ipvs length limit log mac mark mark_m mh multiport nfacct
   nflog osf owner physdev pkttype policy quota rateest realm recent rpfilter rt sctp set socket srh state statistic stp string tcp tcpmss
   time tos ttl u32 udp vlan`,
);
/** Left sides of nft's comparisons that are known by their first word, and statements that ask. nft(8), "EXPRESSIONS". */
const QUESTIONS = words(
  `meta ct fib socket osf rt ipsec exthdr numgen jhash symhash ether vlan arp ip ip6 icmp icmpv6 igmp tcp udp udplite sctp
   dccp ah esp comp th gre geneve vxlan counter limit quota last comment xt`,
);

/** What a rule does. A rule that is not understood but drops is understood well enough. */
export function effectOf(rule: PacketRule): Effect {
  const acting = rule.actions.find(isActing);
  if (acting !== undefined) return { kind: "acts", how: howItActs(acting) };
  const unclear = rule.actions.find((action) => action.kind === "extension" && !isQuiet(action)) as Extension | undefined;
  if (unclear !== undefined) return { kind: "unclear", what: `the target ${unclear.name} is not known` };
  const asked = rule.match.names.find((name) => !isKnownMatch(name));
  if (asked !== undefined) return { kind: "unclear", what: `the match ${asked} is not known` };
  return quietEffect(rule);
}

type Extension = Extract<Action, { kind: "extension" }>;

function quietEffect({ actions, comment }: PacketRule): Effect {
  const kinds = new Set(actions.map(({ kind }) => kind));
  if (kinds.has("jump") || kinds.has("goto")) return { kind: "jumps" };
  if (kinds.has("accept")) return { kind: "accepts" };
  if (kinds.has("return")) return { kind: "returns" };
  const quiet = actions.find((action) => action.kind === "extension");
  if (quiet !== undefined) return { kind: "nothing", how: `${quiet.name} changes no packet` };
  return { kind: "nothing", how: comment === undefined ? "it has no target" : "it is a bare comment" };
}

function isActing(action: Action): boolean {
  if (action.kind === "drop" || action.kind === "reject") return true;
  if (action.kind !== "extension" || isQuiet(action)) return false;
  const target = action.name.startsWith("xt:") ? action.name.slice("xt:".length) : action.name;
  return action.name === PROGRAM || ACTING_TARGETS.has(target) || ACTING_STATEMENTS.has(action.name) || action.name.startsWith("ct ");
}

function isQuiet(action: Extension): boolean {
  const { name, options } = action;
  if (name === "CT") return options.length === 1 && options[0] === "--notrack";
  // `meta nftrace set 1` is for `nft monitor trace` alone.
  if (name === "mangle") return options.length === 1 && options[0] === 'mangle {"key":{"meta":{"key":"nftrace"}},"value":1}';
  const target = name.startsWith("xt:") ? name.slice("xt:".length) : name;
  return QUIET_TARGETS.has(target) || QUIET_STATEMENTS.has(name);
}

function howItActs(action: Action): string {
  if (action.kind === "extension" && action.name === PROGRAM) return "a BPF program decides there, and may drop or change packets";
  return action.kind === "extension" ? `${action.name} changes or redirects packets` : `it ${action.kind}s packets`;
}

function isKnownMatch(name: string): boolean {
  if (name.startsWith("xt ")) return MATCHES.has(name.slice("xt ".length));
  if (MATCHES.has(name)) return true;
  // What has no words of its own is JSON: its only field names the expression.
  const first = /^\{"([^"]+)"/.exec(name)?.[1] ?? name.split(" ", 1)[0] ?? "";
  return QUESTIONS.has(first) || KNOWN_JSON.has(first);
}

/** Expressions that appear as JSON on the left side. */
const KNOWN_JSON: ReadonlySet<string> = new Set(["payload", "concat", "&", "|", "^", "<<", ">>", "tcp option", "ip option", "sctp chunk"]);
