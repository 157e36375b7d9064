import { decodeAttributes, readText } from "@hostrouting/bpf-loader";
import type { AttemptKind } from "./guard-layout.ts";
import { describeExpressions } from "./nft-expressions.ts";

/** What was to be written, as far as the first kilobyte of its message tells. Texts are somebody else's; empty: not told. */
export type MessageText = { readonly family: string; readonly table: string; readonly chain: string; readonly rule: string };

/** `struct nlmsghdr` and `struct nfgenmsg` stand before the attributes. */
const GENERAL_AT = 16;
const ATTRIBUTES_AT = 20;

/** NFPROTO_* (linux/netfilter.h), as nft names them. */
const FAMILIES: Readonly<Record<number, string>> = { 1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6" };
/** What a legacy table's way says of its family. */
const LEGACY_FAMILIES: Partial<Record<AttemptKind, string>> = { Iptables: "ip", Ip6tables: "ip6", Arptables: "arp", Ebtables: "bridge" };

/** enum nf_tables_msg_types (linux/netfilter/nf_tables.h): those that can be told of, with their attribute for a name. */
const NEW_RULE = 6;
const NEW_CHAIN = 3;
const THINGS: Readonly<Record<number, string>> = { 0: "table", 9: "set", 12: "elements of set", 18: "object", 22: "flowtable" };
const NAME_ATTRIBUTE = 2;
const CHAIN_NAME_ATTRIBUTE = 3;
const CHAIN_POLICY_ATTRIBUTE = 5;
const RULE_EXPRESSIONS_ATTRIBUTE = 4;
const RULE_USERDATA_ATTRIBUTE = 7;
const COMMENT_TYPE = 0;
const POLICIES = ["drop", "accept"] as const;

/** Reads what an attempt was about. Sources: linux/netfilter/nf_tables.h, libnftnl's udata.h for comments. */
export function describeMessage(kind: AttemptKind, type: number, message: Buffer): MessageText {
  if (kind === "NetfilterLink") return { family: "", table: "", chain: "", rule: "an eBPF program as a netfilter hook" };
  const family = LEGACY_FAMILIES[kind];
  if (family !== undefined) return { family, table: readText(message.subarray(0, 32)) ?? "", chain: "", rule: "the whole table anew" };
  if (message.length < ATTRIBUTES_AT) return { family: "", table: "", chain: "", rule: "a batch that cannot be read" };
  const attributes = decodeAttributes(openEnd(message));
  const named = (attribute: number): string => readText(attributes.get(attribute)) ?? "";
  const base = { family: FAMILIES[message[GENERAL_AT] ?? 0] ?? "", table: named(1) };
  if (type === NEW_RULE) return { ...base, chain: named(NAME_ATTRIBUTE), rule: describeRule(attributes) };
  if (type === NEW_CHAIN) {
    const policy = POLICIES[attributes.get(CHAIN_POLICY_ATTRIBUTE)?.readUInt32BE() ?? 1];
    return { ...base, chain: named(CHAIN_NAME_ATTRIBUTE), rule: `policy ${policy ?? "unknown"}` };
  }
  return { ...base, chain: "", rule: `${THINGS[type] ?? `message ${type}`} ${type === 0 ? "" : named(NAME_ATTRIBUTE)}`.trim() };
}

/** Attributes up to where the message was cut. One that goes on behind the cut is read as far as it is there. */
function openEnd(message: Buffer): Buffer {
  const attributes = Buffer.from(message.subarray(ATTRIBUTES_AT));
  let at = 0;
  while (at + 4 <= attributes.length) {
    const length = attributes.readUInt16LE(at);
    if (length < 4) break;
    if (at + length > attributes.length) attributes.writeUInt16LE(attributes.length - at, at);
    at += (length + 3) & ~3;
  }
  return attributes;
}

function describeRule(attributes: ReadonlyMap<number, Buffer>): string {
  const expressions = describeExpressions(attributes.get(RULE_EXPRESSIONS_ATTRIBUTE) ?? Buffer.alloc(0));
  const comment = readComment(attributes.get(RULE_USERDATA_ATTRIBUTE));
  return (
    [...expressions, ...(comment === undefined ? [] : [`comment ${JSON.stringify(comment)}`])].join(" ") || "a rule without expressions"
  );
}

/** User data of a rule: entries of type, length and value; the comment is type 0 and ends with NUL. */
function readComment(userdata: Buffer | undefined): string | undefined {
  for (let at = 0; userdata && at + 2 <= userdata.length;) {
    const [type = 0, length = 0] = [userdata[at], userdata[at + 1]];
    if (type === COMMENT_TYPE) return readText(userdata.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return undefined;
}
