import { decodeAttributes, decodeMessages, readText, type NetlinkMessage } from "./netlink-message.ts";

/** What of a chain or table was changed. */
export type ChangedKind = "table" | "chain" | "rule" | "set" | "flowtable";

/** Where something was changed. `chain` is absent for what belongs to no chain; the family is a number of NFPROTO_* that nft has no name for. */
export type ChangedPlace = { readonly kind: ChangedKind; readonly family: string; readonly table: string; readonly chain?: string };

/** Who changed something: the process as the kernel names it, its pid that of the machine. The name is the process's own choice. */
export type ChangeWriter = { readonly pid: number; readonly name: string };

/** One transaction. `places`: each once, at most PLACES_MAX. `lost`: there were more, or messages did not fit into the queue. */
export type PacketFilterChange = {
  readonly writer: ChangeWriter | undefined;
  readonly places: readonly ChangedPlace[];
  readonly lost: boolean;
};

/** A node has some thousand chains; a transaction that touches more is one that touches everything. */
export const PLACES_MAX = 10_000;
/** `struct nfgenmsg`: family, version, resource. linux/netfilter/nfnetlink.h */
const GENERIC_HEADER_BYTES = 4;
const SUBSYSTEM_NFTABLES = 10;
/** linux/netfilter/nf_tables.h, enum nf_tables_msg_types. */
const NEWGEN = 15;
const NFTA_GEN_PROC_PID = 2;
const NFTA_GEN_PROC_NAME = 3;

/** What a message is about, and its attribute with a chain's name. In all of them attribute 1 is the table's name. */
type Subject = { readonly kind: ChangedKind; readonly chain?: number };
const TABLE: Subject = { kind: "table" };
const CHAIN: Subject = { kind: "chain", chain: 3 };
const RULE: Subject = { kind: "rule", chain: 2 };
const SET: Subject = { kind: "set" };
const FLOWTABLE: Subject = { kind: "flowtable" };
const TABLE_NAME = 1;

/** NEW and DEL of each; objects (18, 20) do nothing by themselves. */
const SUBJECTS: ReadonlyMap<number, Subject> = new Map([
  [0, TABLE],
  [2, TABLE],
  [3, CHAIN],
  [5, CHAIN],
  [6, RULE],
  [8, RULE],
  [9, SET],
  [11, SET],
  [12, SET],
  [14, SET],
  [22, FLOWTABLE],
  [24, FLOWTABLE],
]);

/** linux/netfilter.h, NFPROTO_*. */
const FAMILIES: Readonly<Record<number, string>> = { 1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6" };

/** Puts the kernel's messages together: those of a transaction come one after the other, and NEWGEN with its writer is the last. */
export class PacketFilterChanges {
  #places = new Map<string, ChangedPlace>();
  #lost = false;

  /** The transactions that end in what one receive call brought. */
  take(data: Buffer): PacketFilterChange[] {
    const changes: PacketFilterChange[] = [];
    for (const message of decodeMessages(data)) {
      if (!isOfNftables(message)) continue;
      if (isEnd(message)) changes.push(this.#ended(writerOf(message)));
      else this.#note(message);
    }
    return changes;
  }

  /** Messages are missing: what was collected belongs to nobody that is known. */
  lost(): PacketFilterChange {
    this.#lost = true;
    return this.#ended(undefined);
  }

  #note({ type, payload }: NetlinkMessage): void {
    const subject = SUBJECTS.get(type & 0xff);
    if (subject === undefined) return;
    const attributes = decodeAttributes(payload.subarray(GENERIC_HEADER_BYTES));
    const number = payload.readUInt8(0);
    const family = FAMILIES[number] ?? String(number);
    const table = readText(attributes.get(TABLE_NAME)) ?? "";
    const chain = subject.chain === undefined ? undefined : readText(attributes.get(subject.chain));
    const place: ChangedPlace = { kind: subject.kind, family, table, ...(chain === undefined ? {} : { chain }) };
    if (this.#places.size < PLACES_MAX) this.#places.set(JSON.stringify(place), place);
    else this.#lost = true;
  }

  #ended(writer: ChangeWriter | undefined): PacketFilterChange {
    const change = { writer, places: [...this.#places.values()], lost: this.#lost };
    this.#places = new Map();
    this.#lost = false;
    return change;
  }
}

/** Whether it is one of nf_tables' own, with its general header. */
export function isOfNftables({ type, payload }: NetlinkMessage): boolean {
  return type >> 8 === SUBSYSTEM_NFTABLES && payload.length >= GENERIC_HEADER_BYTES;
}

/** Whether a message of nf_tables ends a transaction. */
export function isEnd({ type }: NetlinkMessage): boolean {
  return (type & 0xff) === NEWGEN;
}

/**
 * Who made the transaction that a message ends; undefined where the kernel does not say. What it calls a process is the thread that sent
 * (nf_tables_fill_gen_info, task_pid_nr). Integers of nf_tables are in network byte order.
 */
export function writerOf({ payload }: NetlinkMessage): ChangeWriter | undefined {
  const attributes = decodeAttributes(payload.subarray(GENERIC_HEADER_BYTES));
  const pid = attributes.get(NFTA_GEN_PROC_PID);
  const name = readText(attributes.get(NFTA_GEN_PROC_NAME));
  return pid === undefined || pid.length < 4 || name === undefined ? undefined : { pid: pid.readUInt32BE(), name };
}
