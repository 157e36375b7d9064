import { decodeAttributes, decodeMessages, encodeMessage, readText, type NetlinkMessage } from "./netlink-message.ts";
import { isEnd, isOfNftables, writerOf, type ChangeWriter } from "./packet-filter-message.ts";

/**
 * What one transaction wrote into one place that decides about packets. `type`: NFT_MSG_*; `family`: NFPROTO_*; `chain` is empty for what belongs
 * to no chain. `messages`: from the netlink header on, cut after MESSAGE_BYTES_MAX; `count`: of all of them, kept or not.
 */
export type WrittenPlace = {
  readonly type: number;
  readonly family: number;
  readonly table: string;
  readonly chain: string;
  readonly count: number;
  readonly messages: readonly Buffer[];
};

/** One transaction that wrote something. `unplaced`: messages whose places were too many to be kept. `lost`: others did not fit into the queue. */
export type PacketFilterWrites = {
  readonly writer: ChangeWriter | undefined;
  readonly places: readonly WrittenPlace[];
  readonly unplaced: number;
  readonly lost: boolean;
};

/** Messages of a transaction that are kept: more than all Events of a node in a minute. */
export const WRITTEN_MESSAGES_MAX = 100;
/** Places of a transaction that are kept: a node has some thousand chains. */
export const WRITTEN_PLACES_MAX = 10_000;
/** As much of a message as the guard's programs tell (GD_MESSAGE_BYTES). */
const MESSAGE_BYTES_MAX = 1024;
/** `struct nfgenmsg` stands before the attributes. linux/netfilter/nfnetlink.h */
const GENERIC_HEADER_BYTES = 4;
/** linux/netfilter/nf_tables.h: what decides about packets, with its attribute for a chain's name. Attribute 1 is the table. */
const NEW_CHAIN = 3;
const CHAIN_ATTRIBUTES: ReadonlyMap<number, number | undefined> = new Map([
  [NEW_CHAIN, 3],
  [6, 2], // NFT_MSG_NEWRULE
  [12, undefined], // NFT_MSG_NEWSETELEM
  [18, undefined], // NFT_MSG_NEWOBJ
  [22, undefined], // NFT_MSG_NEWFLOWTABLE
]);
const TABLE_ATTRIBUTE = 1;
const CHAIN_POLICY_ATTRIBUTE = 5;
const NF_ACCEPT = 1;

type Kept = WrittenPlace & { count: number; readonly messages: Buffer[] };

/** Collects what transactions wrote, up to the message that ends each: as bpf/guard/walk.h judges batches, from the kernel's notices of them. */
export class WritesCollector {
  #places = new Map<string, Kept>();
  #messages = 0;
  #unplaced = 0;

  /** The transactions that end in what one receive call brought, without those that wrote nothing of that kind. */
  take(data: Buffer): PacketFilterWrites[] {
    const ended: PacketFilterWrites[] = [];
    for (const message of decodeMessages(data)) {
      if (!isOfNftables(message)) continue;
      if (!isEnd(message)) this.#note(message);
      else if (this.#places.size > 0) ended.push(this.#ended(writerOf(message), false));
    }
    return ended;
  }

  /** Messages are missing: what was collected belongs to nobody that is known. */
  lost(): PacketFilterWrites {
    return this.#ended(undefined, true);
  }

  #note(message: NetlinkMessage): void {
    const type = message.type & 0xff;
    if (!CHAIN_ATTRIBUTES.has(type)) return;
    const attributes = decodeAttributes(message.payload.subarray(GENERIC_HEADER_BYTES));
    if (type === NEW_CHAIN && !drops(attributes.get(CHAIN_POLICY_ATTRIBUTE))) return;
    const chainAttribute = CHAIN_ATTRIBUTES.get(type);
    const table = readText(attributes.get(TABLE_ATTRIBUTE)) ?? "";
    const chain = (chainAttribute !== undefined && readText(attributes.get(chainAttribute))) || "";
    const place = this.#placeOf({ type, family: message.payload.readUInt8(0), table, chain });
    if (place === undefined) return void (this.#unplaced += 1);
    place.count += 1;
    if (this.#messages >= WRITTEN_MESSAGES_MAX) return;
    this.#messages += 1;
    place.messages.push(encodeMessage(message).subarray(0, MESSAGE_BYTES_MAX));
  }

  #placeOf(where: Pick<WrittenPlace, "type" | "family" | "table" | "chain">): Kept | undefined {
    const key = JSON.stringify(where);
    const known = this.#places.get(key);
    if (known !== undefined || this.#places.size >= WRITTEN_PLACES_MAX) return known;
    const place: Kept = { ...where, count: 0, messages: [] };
    this.#places.set(key, place);
    return place;
  }

  #ended(writer: ChangeWriter | undefined, lost: boolean): PacketFilterWrites {
    const writes = { writer, places: [...this.#places.values()], unplaced: this.#unplaced, lost };
    this.#places = new Map();
    this.#messages = 0;
    this.#unplaced = 0;
    return writes;
  }
}

/** A base chain's policy; a chain without one has no say of its own. */
function drops(policy: Buffer | undefined): boolean {
  return policy !== undefined && policy.length >= 4 && policy.readUInt32BE() !== NF_ACCEPT;
}
