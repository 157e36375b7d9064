import { decodeAttributes, addressText, readText } from "@hostrouting/bpf-loader";

/** NFTA_LIST_ELEM's children: NFTA_EXPR_NAME, NFTA_EXPR_DATA (linux/netfilter/nf_tables.h). */
const ELEMENT_BYTES_MIN = 4;
const [NAME, DATA] = [1, 2];

/**
 * A member of a packet by header (NFT_PAYLOAD_*), offset and length in bytes, as nft names it. Of an IPv4 address that stands for a range
 * of whole bytes, only those are compared.
 */
const PAYLOADS: Readonly<Record<string, string>> = {
  "1:9:1": "ip protocol",
  "1:12:4": "ip saddr",
  "1:12:3": "ip saddr",
  "1:12:2": "ip saddr",
  "1:12:1": "ip saddr",
  "1:16:4": "ip daddr",
  "1:16:3": "ip daddr",
  "1:16:2": "ip daddr",
  "1:16:1": "ip daddr",
  "1:6:1": "ip6 nexthdr",
  "1:8:16": "ip6 saddr",
  "1:24:16": "ip6 daddr",
  "2:0:2": "sport",
  "2:2:2": "dport",
};
/** NFT_META_* that rules of filters use. */
const METAS: Readonly<Record<number, string>> = { 3: "mark", 4: "iif", 5: "oif", 6: "iifname", 7: "oifname", 15: "nfproto", 16: "l4proto" };
const OPERATORS = ["", "!= ", "< ", "<= ", "> ", ">= "] as const;
const PROTOCOLS: Readonly<Record<number, string>> = { 1: "icmp", 6: "tcp", 17: "udp", 58: "ipv6-icmp", 132: "sctp" };
/** NFT_JUMP and NFT_GOTO; the others are 0 and 1, and NFT_RETURN. */
const VERDICTS: Readonly<Record<number, string>> = { 0: "drop", 1: "accept", [-3]: "jump", [-4]: "goto", [-5]: "return" };

type Attributes = ReadonlyMap<number, Buffer>;

/**
 * The expressions of a rule in words close to nft's, one text each, for people: what a comparison reads stands before what it compares
 * with. What is not known by name is told as its name alone. Never throws: the bytes are somebody else's.
 */
export function describeExpressions(list: Buffer): string[] {
  const words: string[] = [];
  let loaded = "";
  for (const expression of elements(list)) {
    const attributes = decodeAttributes(expression);
    const name = readText(attributes.get(NAME)) ?? "";
    const data = decodeAttributes(attributes.get(DATA) ?? Buffer.alloc(0));
    const subject = subjectOf(name, data);
    if (subject !== undefined) loaded = subject;
    else if (name === "bitwise") loaded = `${loaded} & ${valueText(loaded, nested(data, 4).get(1) ?? Buffer.alloc(0))}`;
    else words.push(...described(name, data, loaded));
  }
  return words;
}

/** Each value of a list of equal attributes. */
function elements(list: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at + ELEMENT_BYTES_MIN <= list.length;) {
    const length = list.readUInt16LE(at);
    if (length < ELEMENT_BYTES_MIN || at + length > list.length) break;
    found.push(list.subarray(at + ELEMENT_BYTES_MIN, at + length));
    at += (length + 3) & ~3;
  }
  return found;
}

/** What an expression loads for the next one to judge; undefined for one that judges by itself. */
function subjectOf(name: string, data: Attributes): string | undefined {
  switch (name) {
    case "payload": {
      if (data.get(1) === undefined) return undefined; // writes into the packet
      const place = [u32(data, 2), u32(data, 3), u32(data, 4)].join(":");
      return PAYLOADS[place] ?? `payload ${place}`;
    }
    case "meta":
      return data.get(1) === undefined ? undefined : (METAS[u32(data, 2)] ?? `meta ${u32(data, 2)}`);
    case "ct":
      return data.get(1) === undefined ? undefined : "ct";
    default:
      return undefined;
  }
}

function described(name: string, data: Attributes, loaded: string): string[] {
  switch (name) {
    case "cmp":
      return [`${loaded} ${OPERATORS[u32(data, 2)] ?? "? "}${valueText(loaded, nested(data, 3).get(1) ?? Buffer.alloc(0))}`.trim()];
    case "immediate":
      return [verdictText(nested(nested(data, 2), 2))];
    case "match":
      return [matchText(readText(data.get(1)) ?? "", data.get(3))];
    case "target":
      return [`-j ${readText(data.get(1)) ?? ""}`.trim()];
    case "lookup":
      return [`${loaded} in set ${readText(data.get(1)) ?? ""}`.trim()];
    case "counter":
      return [];
    default:
      return name === "" ? [] : [name];
  }
}

/** `struct xt_comment_info` is the text alone (linux/netfilter/xt_comment.h); what other extensions mean, only they know. */
function matchText(name: string, info: Buffer | undefined): string {
  return name === "comment" ? `comment ${JSON.stringify(readText(info) ?? "")}` : `match ${name}`.trim();
}

function nested(attributes: Attributes, type: number): Attributes {
  return decodeAttributes(attributes.get(type) ?? Buffer.alloc(0));
}

function verdictText(verdict: Attributes): string {
  const code = verdict.get(1);
  const name = code && code.length >= 4 ? (VERDICTS[code.readInt32BE()] ?? `verdict ${code.readInt32BE()}`) : "verdict";
  return `${name} ${readText(verdict.get(2)) ?? ""}`.trim();
}

function valueText(subject: string, value: Buffer): string {
  if (/ [sd]addr\b/.test(subject) && (value.length === 4 || value.length === 16)) return addressText(value);
  if (/^ip [sd]addr$/.test(subject) && value.length > 0 && value.length < 4)
    return `${addressText(Buffer.concat([value, Buffer.alloc(4 - value.length)]))}/${value.length * 8}`;
  if (subject.endsWith("port") && value.length === 2) return String(value.readUInt16BE());
  if (/(l4proto|protocol|nexthdr)$/.test(subject) && value.length >= 1) return PROTOCOLS[value[0] ?? 0] ?? String(value[0]);
  if (subject.endsWith("name")) return JSON.stringify(readText(value) ?? "");
  return `0x${value.toString("hex")}`;
}

function u32(attributes: Attributes, type: number): number {
  const value = attributes.get(type);
  return value && value.length >= 4 ? value.readUInt32BE() : -1;
}
