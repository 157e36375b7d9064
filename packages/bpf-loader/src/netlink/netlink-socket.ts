import { bpfFault, requireArgument } from "../bpf-fault.ts";
import { requireWhole } from "../checked-arguments.ts";
import { FileDescriptor } from "../file-descriptor.ts";
import { nativeLibraries } from "../native.ts";
import { readAnswer, readUndisturbed, type NetlinkAnswer } from "./netlink-answer.ts";
import { decodeMessages, encodeMessage, type NetlinkMessage } from "./netlink-message.ts";

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
/** NETLINK_ROUTE and NETLINK_NETFILTER (linux/netlink.h). */
const PROTOCOL = { route: 0, netfilter: 12 } as const;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SOL_NETLINK = 270;
const NETLINK_GET_STRICT_CHK = 12;

/** Types below are control messages, which the kernel does not answer. */
const NLMSG_MIN_TYPE = 16;
const NLM_F_REQUEST = 1;
/** The kernel answers a change with an acknowledgement or an error. */
export const NLM_F_ACK = 4;
/** All entries of a table. */
export const NLM_F_DUMP = 0x300;
/** Refused when it is there already. */
export const NLM_F_EXCL = 0x200;
/** Made when it is not there. */
export const NLM_F_CREATE = 0x400;
/** Put in the place of what is there. */
export const NLM_F_REPLACE = 0x100;

/** The kernel makes dump parts of at most 32 KiB when the reader offers that much. */
const RECEIVE_BYTES = 64 * 1024;
const U16_MAX = 0xffff;
/** Every request of ours is far shorter. */
const PAYLOAD_BYTES_MAX = 32 * 1024;
/** The kernel answers from the sending thread, so a second is an eternity. */
const ANSWER_TIMEOUT_S = 1n;

/** A netlink socket for requests in the network namespace where it was opened. Calls are synchronous and short. */
export class NetlinkSocket {
  readonly #fd: FileDescriptor;
  readonly #receive = Buffer.alloc(RECEIVE_BYTES);
  #sequence = 0;

  private constructor(fd: FileDescriptor) {
    this.#fd = fd;
  }

  /** Opens a socket in the current network namespace: rtnetlink, or nfnetlink. */
  static open(protocol: keyof typeof PROTOCOL = "route"): NetlinkSocket {
    requireArgument(typeof protocol === "string" && Object.hasOwn(PROTOCOL, protocol), "that is no netlink protocol of ours");
    const native = nativeLibraries();
    const number = native.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, PROTOCOL[protocol]);
    if (number < 0) throw bpfFault("netlink socket", native.errno());
    const on = Buffer.alloc(4);
    on.writeUInt32LE(1);
    native.setsockopt(number, SOL_NETLINK, NETLINK_GET_STRICT_CHK, on, 4);
    const timeout = Buffer.alloc(16);
    timeout.writeBigInt64LE(ANSWER_TIMEOUT_S, 0);
    native.setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, timeout, 16);
    return new NetlinkSocket(new FileDescriptor(number, "netlink socket"));
  }

  /** All objects that a dump request (RTM_GET*) answers with, of one moment. @throws AppError `bpf.eintr` when they never stop changing. */
  dump(type: number, payload: Buffer): Buffer[] {
    requireRequest(type, NLM_F_DUMP, payload);
    const what = `netlink dump ${type}`;
    return readUndisturbed(() => this.#exchange({ type, flags: NLM_F_REQUEST | NLM_F_DUMP, payload }, what), what);
  }

  /** A change, acknowledged by the kernel. @throws AppError with the kernel's errno, e.g. `bpf.eexist`. */
  change(type: number, flags: number, payload: Buffer): void {
    requireRequest(type, flags, payload);
    this.#exchange({ type, flags: NLM_F_REQUEST | NLM_F_ACK | flags, payload }, `netlink request ${type}`);
  }

  /** Closes the socket; a second call does nothing. */
  close(): void {
    this.#fd.close();
  }

  #exchange(request: Omit<NetlinkMessage, "sequence">, what: string): NetlinkAnswer {
    const native = nativeLibraries();
    const sequence = ++this.#sequence;
    const bytes = encodeMessage({ ...request, sequence });
    if (native.send(this.#fd.number, bytes, bytes.length, 0) < 0) throw bpfFault(what, native.errno());
    return readAnswer(() => this.#receivePart(what), sequence, what);
  }

  /** A copy: the buffer is used again for the next part. */
  #receivePart(what: string): NetlinkMessage[] {
    const native = nativeLibraries();
    const length = native.recv(this.#fd.number, this.#receive, RECEIVE_BYTES, 0);
    if (length < 0) throw bpfFault(what, native.errno());
    return decodeMessages(Buffer.from(this.#receive.subarray(0, length)));
  }
}

function requireRequest(type: number, flags: number, payload: Buffer): void {
  requireWhole(type, { least: NLMSG_MIN_TYPE, most: U16_MAX }, "the type of a netlink request");
  requireWhole(flags, { least: 0, most: U16_MAX }, "flags of a netlink request");
  requireArgument(Buffer.isBuffer(payload) && payload.length <= PAYLOAD_BYTES_MAX, "the payload of a netlink request is none, or too long");
}
