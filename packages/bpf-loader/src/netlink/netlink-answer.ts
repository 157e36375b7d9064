import { bpfFault } from "../bpf-fault.ts";
import type { NetlinkMessage } from "./netlink-message.ts";

const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
/** What is listed has changed between two parts of the list (linux/netlink.h). */
const NLM_F_DUMP_INTR = 0x10;
const EINTR = 4;
const EMSGSIZE = 90;
/** 4096 parts of 32 KiB: more than any table that a node has; a kernel that never says DONE must not hang us. */
const PARTS_MAX = 4096;
/** Devices that come and go without a pause spoil every fourth read of 600 devices: so many in a row, none in 4 billion. */
const READS_MAX = 16;

/** An answer to its end: what it holds, and whether that is of more than one moment, so that something may be missing or there twice. */
export type NetlinkAnswer = { readonly payloads: Buffer[]; readonly interrupted: boolean };

/**
 * Takes the parts of an answer to one request until the kernel says that it is whole. `receive`: the messages of the next part.
 * @throws AppError with the kernel's errno, which stands in an error of its own or, for a list that the kernel broke off, at the list's end.
 */
export function readAnswer(receive: () => readonly NetlinkMessage[], sequence: number, what: string): NetlinkAnswer {
  const payloads: Buffer[] = [];
  let interrupted = false;
  for (let part = 0; part < PARTS_MAX; part++) {
    const messages = receive().filter((message) => message.sequence === sequence);
    const end = messages.find(({ type }) => type === NLMSG_DONE || type === NLMSG_ERROR);
    interrupted ||= messages.some(({ flags }) => (flags & NLM_F_DUMP_INTR) !== 0);
    payloads.push(...messages.filter((message) => message !== end).map(({ payload }) => payload));
    if (!end) continue;
    const errno = end.payload.length < 4 ? 0 : end.payload.readInt32LE();
    if (errno >= 0) return { payloads, interrupted };
    throw bpfFault(what, errno);
  }
  throw bpfFault(`${what}: no end after ${PARTS_MAX} parts`, EMSGSIZE);
}

/**
 * Reads a list again until it is of one moment: a device that is missing in one of two moments is not gone, and its program would be taken off.
 * @throws AppError `bpf.eintr` when it never is.
 */
export function readUndisturbed(read: () => NetlinkAnswer, what: string): Buffer[] {
  for (let reads = 0; reads < READS_MAX; reads++) {
    const { payloads, interrupted } = read();
    if (!interrupted) return payloads;
  }
  throw bpfFault(`${what}: it changed during each of ${READS_MAX} reads`, EINTR);
}
