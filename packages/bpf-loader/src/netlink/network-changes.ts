import { bpfFault, requireArgument } from "../bpf-fault.ts";
import { FileDescriptor } from "../file-descriptor.ts";
import { nativeLibraries } from "../native.ts";
import { whenReadable } from "./when-readable.ts";

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC_NONBLOCK = 3 | 0o2000000 | 0o4000;
const NETLINK_ROUTE = 0;
/** RTMGRP_LINK, _IPV4_IFADDR, _IPV4_ROUTE, _IPV6_IFADDR, _IPV6_ROUTE (linux/rtnetlink.h) */
const GROUPS = 0x1 | 0x10 | 0x40 | 0x100 | 0x400;
const RECEIVE_BYTES = 64 * 1024;
/** Messages taken per wake-up; what is left wakes us again. */
const RECEIVES_PER_WAKE_MAX = 256;

/**
 * Calls `onChange` whenever links, addresses or routes of this network namespace change. Carries no content: who is
 * told reads the whole state again, so a lost message (ENOBUFS) costs nothing.
 * @returns a function that ends the subscription.
 */
export function watchNetwork(onChange: () => void): () => void {
  requireArgument(typeof onChange === "function", "nobody is told of changes");
  const native = nativeLibraries();
  const number = native.socket(AF_NETLINK, SOCK_RAW_CLOEXEC_NONBLOCK, NETLINK_ROUTE);
  if (number < 0) throw bpfFault("netlink subscription", native.errno());
  const fd = new FileDescriptor(number, "netlink subscription");
  const address = Buffer.alloc(12);
  address.writeUInt16LE(AF_NETLINK, 0);
  address.writeUInt32LE(GROUPS, 8);
  if (native.bind(number, address, address.length) < 0) {
    const errno = native.errno();
    fd.close();
    throw bpfFault("netlink subscription", errno);
  }
  const scratch = Buffer.alloc(RECEIVE_BYTES);
  const stopLooking = whenReadable(number, () => {
    for (let count = 0; count < RECEIVES_PER_WAKE_MAX && native.recv(number, scratch, RECEIVE_BYTES, 0) > 0; count++);
    onChange();
  });
  return () => {
    stopLooking();
    fd.close();
  };
}
