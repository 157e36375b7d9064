import { AppError, explain } from "@hostrouting/domain";
import { errnoName, requireArgument } from "../bpf-fault.ts";
import { requireHandle } from "../checked-arguments.ts";
import { nativeLibraries } from "../native.ts";
import { NetlinkSocket } from "./netlink-socket.ts";
import { NetworkNamespace } from "./network-namespace.ts";

/** NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE (linux/netfilter). Outside a batch the kernel reads no further than this. */
const NEW_RULE = (10 << 8) | 6;
/** `struct nfgenmsg` of AF_INET. */
const GENERAL = Buffer.from([2, 0, 0, 0]);
const AF_INET = 2;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const IPPROTO_RAW = 255;
const SOL_IP = 0;
const IPT_SO_SET_REPLACE = 64;
/** `struct ipt_replace` of a table that does not exist. */
const REPLACE_BYTES = 96;
/** BPF_NETFILTER (linux/bpf.h, since 6.4). */
const ATTACH_NETFILTER = 45;

/** Refused: with EPERM, before it was looked at. Reached: the kernel looked at it, whatever it said then. */
export type WriteOutcome = "Refused" | "Reached" | { readonly unknown: string };
/** One attempt by each way in which rules are written. */
export type RuleWrites = { readonly nftables: WriteOutcome; readonly legacy: WriteOutcome; readonly link: WriteOutcome };

/**
 * Tries to write a rule in a namespace by each way. No attempt would write anything if it passed: each is one that the kernel refuses for
 * its content, only later. Needs CAP_NET_ADMIN and CAP_BPF there, without which the kernel answers EPERM by itself.
 */
export function tryRuleWrites(namespace: NetworkNamespace): RuleWrites {
  requireHandle(namespace, NetworkNamespace, "network namespace");
  return namespace.run(() => ({ nftables: tryNftables(), legacy: tryLegacy(), link: tryLink() }));
}

function tryNftables(): WriteOutcome {
  let socket: NetlinkSocket | undefined;
  try {
    socket = NetlinkSocket.open("netfilter");
    socket.change(NEW_RULE, 0, GENERAL);
    return "Reached";
  } catch (error) {
    if (!socket) return { unknown: explain(error) };
    return error instanceof AppError && error.code === "bpf.eperm" ? "Refused" : "Reached";
  } finally {
    socket?.close();
  }
}

function tryLegacy(): WriteOutcome {
  const native = nativeLibraries();
  const number = native.socket(AF_INET, SOCK_RAW_CLOEXEC, IPPROTO_RAW);
  if (number < 0) return { unknown: `raw socket: ${errnoName(native.errno())}` };
  try {
    const replace = Buffer.alloc(REPLACE_BYTES);
    const result = native.setsockopt(number, SOL_IP, IPT_SO_SET_REPLACE, replace, replace.length);
    requireArgument(result < 0, "the kernel took an empty table");
    return outcomeOf(native.errno());
  } finally {
    native.close(number);
  }
}

function tryLink(): WriteOutcome {
  const result = nativeLibraries().linkCreate(-1, 0, ATTACH_NETFILTER, null);
  return outcomeOf(result);
}

function outcomeOf(errno: number): WriteOutcome {
  return errnoName(errno) === "EPERM" ? "Refused" : "Reached";
}
