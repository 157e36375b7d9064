/** Families of nftables; those of iptables, ebtables and arptables are ip, ip6, bridge and arp. nft(8), "Address families". */
export type Family = "ip" | "ip6" | "inet" | "bridge" | "arp" | "netdev";

/** The tool that shows a rule, and that removes it; `bpf`: a program at a hook, which bpftool takes away. */
export type Backend = "iptables-legacy" | "iptables-nft" | "nft" | "ebtables-nft" | "arptables-nft" | "bpf";

/** Where the kernel calls a base chain. include/uapi/linux/netfilter.h, enum nf_inet_hooks and nf_dev_hooks. */
export type Hook = "prerouting" | "input" | "forward" | "output" | "postrouting" | "ingress" | "egress";

/** Values of one field of a packet, any of which fits; `@name` is a set, `1:9` are ports, `a-b` addresses. */
export interface Operand {
  readonly negated: boolean;
  readonly values: readonly string[];
}

/** Which packets a rule is for. Fields that it does not ask are absent. */
export interface RuleMatch {
  readonly inInterface?: Operand;
  readonly outInterface?: Operand;
  readonly source?: Operand;
  readonly destination?: Operand;
  readonly protocol?: Operand;
  readonly sourcePorts?: Operand;
  readonly destinationPorts?: Operand;
  /** Extensions of iptables (`conntrack`) or expressions of nft (`ct state`), in the order of the rule. */
  readonly names: readonly string[];
  /** Everything else that is asked, as it is written: `--ctstate INVALID,NEW`, `! --dst-type LOCAL`. */
  readonly options: readonly string[];
}

/** What a rule does with a packet that fits. An nft rule may do several things. */
export type Action =
  | { readonly kind: "accept" }
  | { readonly kind: "drop" }
  | { readonly kind: "reject" }
  | { readonly kind: "return" }
  | { readonly kind: "jump"; readonly chain: string }
  | { readonly kind: "goto"; readonly chain: string }
  /** A target of iptables (`MASQUERADE`), a statement of nft (`masquerade`), or a target of iptables seen by nft (`xt:MASQUERADE`). */
  | { readonly kind: "extension"; readonly name: string; readonly options: readonly string[] };

/** One rule. */
export interface PacketRule {
  /** The whole rule without counters: `-A CHAIN …` as the tool saves it, or `add rule FAMILY TABLE CHAIN …` in the words of nft. */
  readonly text: string;
  readonly match: RuleMatch;
  readonly actions: readonly Action[];
  readonly comment?: string;
  /** Its number in the table, of nft; the id of its link, of bpf. */
  readonly handle?: number;
}

/** What makes a chain one that the kernel calls. */
export interface ChainBase {
  readonly hook: Hook;
  /** filter, nat or route. */
  readonly type: string;
  readonly priority?: number;
  /** Of netdev and of inet ingress; empty where the dump does not tell. */
  readonly devices: readonly string[];
}

/** A chain with its rules in order. */
export interface PacketChain {
  readonly name: string;
  readonly base?: ChainBase;
  /** What happens at its end: of base chains, and of every chain of ebtables. */
  readonly policy?: "accept" | "drop" | "return";
  readonly rules: readonly PacketRule[];
}

/** A table. `dormant`: the kernel calls none of its chains until somebody wakes it; nft(8), "TABLES". */
export interface PacketTable {
  readonly family: Family;
  readonly name: string;
  readonly dormant: boolean;
  readonly chains: readonly PacketChain[];
  readonly sets: readonly string[];
  readonly maps: readonly string[];
  readonly flowtables: readonly string[];
}

/** All tables that one tool shows. */
export interface Ruleset {
  readonly backend: Backend;
  readonly tables: readonly PacketTable[];
  /** Tables that the tool says are there and that it cannot show: another dump has to. */
  readonly hidden: readonly HiddenTable[];
}

/** A table that a tool names and does not show, or not wholly. */
export interface HiddenTable {
  readonly family: Family;
  readonly name: string;
}
