import { statSync } from "node:fs";
import { BpfObject, listNetfilterLinks, runIterator, type NetfilterLink } from "@hostrouting/bpf-loader";
import { explain } from "@hostrouting/domain";
import type { Dump, NetfilterProgram } from "@hostrouting/netfilter";

/** Bytes of `struct hm_link_namespace` (bpf/shared/monitor.h): a link's id and the inode of its namespace. */
const RECORD_BYTES = 8;
const PROGRAM = "hm_netfilter_links";
const OWN_NAMESPACE = "/proc/self/ns/net";

/** How the kernel is asked. `namespaces`: by link, the inode of its network namespace; 0 when that is gone. */
export type LinkReadings = {
  readonly links: () => readonly NetfilterLink[];
  readonly namespaces: () => ReadonlyMap<number, number>;
  readonly own: () => number;
};

/** The kernel's word. @param objectPath of netfilter_links.bpf.o, which is loaded only when there are links. */
export function kernelLinks(objectPath: string): LinkReadings {
  return { links: listNetfilterLinks, namespaces: () => readNamespaces(objectPath), own: () => statSync(OWN_NAMESPACE).ino };
}

/**
 * BPF programs at netfilter's hooks of this network namespace, as a dump. One whose namespace cannot be told counts as here: a kernel that does
 * not let us look hides nothing. Nothing is thrown.
 */
export function readNetfilterLinks({ links, namespaces, own }: LinkReadings): Dump {
  const source = "netfilter-links";
  try {
    const all = links();
    const elsewhere = all.length === 0 ? NOWHERE : linksElsewhere(namespaces, own());
    const here = all.filter(({ id }) => !elsewhere.has(id));
    // one of another namespace that ended between the two looks is told of by nobody
    const still = new Set(here.length === 0 ? [] : links().map(({ id }) => id));
    return { source, text: JSON.stringify(here.filter(({ id }) => still.has(id)).map(programOf)) };
  } catch (error) {
    return { source, failed: explain(error) };
  }
}

const NOWHERE: ReadonlySet<number> = new Set();

function linksElsewhere(namespaces: LinkReadings["namespaces"], own: number): ReadonlySet<number> {
  try {
    return new Set([...namespaces()].filter(([, inode]) => inode !== own).map(([id]) => id));
  } catch {
    return NOWHERE;
  }
}

function programOf({ id, programName, protocol, hook, priority }: NetfilterLink): NetfilterProgram {
  return { link: id, program: programName, protocol, hook, priority };
}

function readNamespaces(objectPath: string): Map<number, number> {
  const object = BpfObject.load(objectPath);
  try {
    const records = runIterator(object.program(PROGRAM));
    const count = Math.floor(records.length / RECORD_BYTES);
    return new Map(Array.from({ length: count }, (_, index) => recordAt(records, index * RECORD_BYTES)));
  } finally {
    object.close();
  }
}

function recordAt(records: Buffer, at: number): [link: number, inode: number] {
  return [records.readUInt32LE(at), records.readUInt32LE(at + 4)];
}
