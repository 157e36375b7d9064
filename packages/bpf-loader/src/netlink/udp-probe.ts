import { bpfFault, requireArgument } from "../bpf-fault.ts";
import { requireHandle, requireWhole } from "../checked-arguments.ts";
import { nativeLibraries } from "../native.ts";
import { addressBytes } from "./ip-address.ts";
import { NetworkNamespace } from "./network-namespace.ts";

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
/** On one machine a datagram is there before send() returns; 200 ms covers a busy one. */
const ARRIVAL_TIMEOUT_US = 200_000n;
const PORT_MAX = 0xffff;
const PROBE = Buffer.from("host routing self-test");

/** Sends one datagram from one namespace to `address`:`port` in another, from that port as well; true when it arrived unchanged. Blocks at most 200 ms. */
export function sendUdpProbe(probe: { from: NetworkNamespace; to: NetworkNamespace; address: string; port: number }): boolean {
  requireArgument(typeof probe === "object" && probe !== null, "that is no probe");
  for (const end of [probe.from, probe.to]) requireHandle(end, NetworkNamespace, "network namespace");
  requireWhole(probe.port, { least: 1, most: PORT_MAX }, "the port of a probe");
  const native = nativeLibraries();
  const target = socketAddress(probe.address, probe.port);
  const receiver = probe.to.run(() => openSocket(target));
  const sender = probe.from.run(() => openSocket(socketAddress(target.length === 16 ? "0.0.0.0" : "::", probe.port)));
  try {
    if (native.sendto(sender, PROBE, PROBE.length, 0, target, target.length) < 0) throw bpfFault("self-test datagram", native.errno());
    const received = Buffer.alloc(PROBE.length + 1);
    const length = native.recv(receiver, received, received.length, 0);
    return length === PROBE.length && received.subarray(0, length).equals(PROBE);
  } finally {
    native.close(sender);
    native.close(receiver);
  }
}

/** `struct sockaddr_in` or `sockaddr_in6`. */
function socketAddress(address: string, port: number): Buffer {
  const bytes = addressBytes(address);
  const result = Buffer.alloc(bytes.length === 4 ? 16 : 28);
  result.writeUInt16LE(bytes.length === 4 ? AF_INET : AF_INET6, 0);
  result.writeUInt16BE(port, 2);
  bytes.copy(result, bytes.length === 4 ? 4 : 8);
  return result;
}

function openSocket(local: Buffer): number {
  const native = nativeLibraries();
  const number = native.socket(local.readUInt16LE(0), SOCK_DGRAM_CLOEXEC, 0);
  if (number < 0) throw bpfFault("self-test socket", native.errno());
  const timeout = Buffer.alloc(16);
  timeout.writeBigInt64LE(ARRIVAL_TIMEOUT_US, 8);
  native.setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, timeout, 16);
  if (native.bind(number, local, local.length) < 0) {
    const errno = native.errno();
    native.close(number);
    throw bpfFault("self-test socket", errno);
  }
  return number;
}
