import { bpfFault, errnoName, requireArgument } from "../bpf-fault.ts";
import { FileDescriptor } from "../file-descriptor.ts";
import { nativeLibraries } from "../native.ts";
import { PacketFilterChanges, type ChangeWriter, type PacketFilterChange } from "./packet-filter-message.ts";
import { whenReadable } from "./when-readable.ts";
import { WritesCollector, type PacketFilterWrites } from "./packet-filter-writes.ts";

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC_NONBLOCK = 3 | 0o2000000 | 0o4000;
const NETLINK_NETFILTER = 12;
const SOL_SOCKET = 1;
/** Beyond net.core.rmem_max, with CAP_NET_ADMIN. */
const SO_RCVBUFFORCE = 33;
/** `struct sockaddr_nl`: family, pid (the kernel's choice), groups. */
const ADDRESS_BYTES = 12;
const ADDRESS_GROUPS = 8;
/** linux/netfilter/nfnetlink.h */
const NFNLGRP_NFTABLES = 7;
/** 10,000 rules are 2 MB of messages; what does not fit is told as lost. */
const QUEUE_BYTES = 4 * 1024 * 1024;
const RECEIVE_BYTES = 64 * 1024;
/** Receives per wake-up: what is left wakes us again, and everything else has its turn in between. */
const RECEIVES_PER_WAKE_MAX = 64;

/**
 * Calls `onChange` after every change of nf_tables in this network namespace, iptables-nft's included, with what the kernel says of it. Rules of
 * iptables' older backend send no notices. @returns a function that ends the subscription.
 */
export function watchPacketFilter(onChange: (change: PacketFilterChange) => void): () => void {
  requireArgument(typeof onChange === "function", "nobody is told of changes");
  return subscribe(new PacketFilterChanges(), onChange);
}

/** Calls `onWrites` with what each transaction wrote that decides about packets, otherwise as `watchPacketFilter`. */
export function watchPacketFilterWrites(onWrites: (writes: PacketFilterWrites) => void): () => void {
  requireArgument(typeof onWrites === "function", "nobody is told of what is written");
  return subscribe(new WritesCollector(), onWrites);
}

/** What is told of a transaction, whatever else. */
type Transaction = { readonly writer: ChangeWriter | undefined; readonly lost: boolean };
/** Puts messages together to transactions. */
type Collector<Told extends Transaction> = { take(data: Buffer): readonly Told[]; lost(): Told };

function subscribe<Told extends Transaction>(collector: Collector<Told>, tell: (told: Told) => void): () => void {
  const fd = openSubscription();
  const native = nativeLibraries();
  const scratch = Buffer.alloc(RECEIVE_BYTES);
  let stopped = false;
  /** Messages were lost, and the kernel queues none before all are read: what is read meanwhile may be halves of two transactions. */
  let torn = false;
  const stopLooking = whenReadable(fd.number, () => {
    for (let count = 0; count < RECEIVES_PER_WAKE_MAX && !stopped; count++) {
      const length = native.recv(fd.number, scratch, RECEIVE_BYTES, 0);
      if (length > 0) {
        for (const told of collector.take(scratch.subarray(0, length))) tell(torn ? { ...told, writer: undefined, lost: true } : told);
      } else if (errnoName(native.errno()) === "ENOBUFS") {
        torn = true;
      } else {
        if (torn) tell(collector.lost());
        torn = false;
        return;
      }
    }
  });
  return () => {
    stopped = true;
    stopLooking();
    fd.close();
  };
}

function openSubscription(): FileDescriptor {
  const native = nativeLibraries();
  const number = native.socket(AF_NETLINK, SOCK_RAW_CLOEXEC_NONBLOCK, NETLINK_NETFILTER);
  if (number < 0) throw bpfFault("subscription to changes of nf_tables", native.errno());
  const fd = new FileDescriptor(number, "subscription to changes of nf_tables");
  native.setsockopt(number, SOL_SOCKET, SO_RCVBUFFORCE, u32(QUEUE_BYTES), 4);
  const address = Buffer.alloc(ADDRESS_BYTES);
  address.writeUInt16LE(AF_NETLINK, 0);
  address.writeUInt32LE(1 << (NFNLGRP_NFTABLES - 1), ADDRESS_GROUPS);
  // a socket without an address of its own counts as the sender of everything, and is told nothing
  if (native.bind(number, address, address.length) < 0) {
    const errno = native.errno();
    fd.close();
    throw bpfFault("subscription to changes of nf_tables", errno);
  }
  return fd;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
