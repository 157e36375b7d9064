import {
  addHostAddress,
  addHostRoute,
  addNeighbour,
  createVeth,
  deleteLink,
  NetlinkSocket,
  NetworkNamespace,
  readLinks,
  sendUdpProbe,
  setLinkUp,
  type Link,
} from "@hostrouting/bpf-loader";
import { AppError, explain } from "@hostrouting/domain";
import type { Datapath } from "./datapath.ts";
import type { DeviceHooks } from "./device-hooks.ts";
import type { GateVariant } from "./gate-variant.ts";
import { kernelAddress } from "./kernel-address.ts";
import { KERNEL_LAYOUTS, Struct } from "./kernel-layout.ts";

/** Whether packets really take the fast path, proved by sending some. */
export type SelfTest = { outcome: "Passed" | "Failed" | "Unknown"; message: string };

/** Addresses for documentation (RFC 5737, RFC 3849): no pod and no route has them. */
const FAMILIES = [
  { from: "192.0.2.1", to: "192.0.2.2" },
  { from: "2001:db8::1", to: "2001:db8::2" },
] as const;
/** Any port: the receiver is our own socket. */
const PORT = 40_961;

const PROBES_MAX = 3;
const IPPROTO_UDP = 17;
/** More than a tick at the slowest rate of timer interrupts, 100 Hz. */
const COARSE_NS = 20_000_000n;

type End = { namespace: NetworkNamespace; host: Link; address: (family: (typeof FAMILIES)[number]) => string };

/**
 * Makes two throw-away namespaces, each behind a veth of this node, and sends one datagram per family from one to the
 * other. The node has no route to either, so an arrival can only be the fast path's doing. Needs mode ON. Synchronous,
 * a few milliseconds; leaves nothing, also when the process dies (the namespaces live as long as our descriptors).
 * A gate that lets no new UDP through is told of these flows before.
 */
export function runSelfTest(datapath: Datapath, hooks: DeviceHooks, gate: GateVariant = "Conntrack"): SelfTest {
  const socket = NetlinkSocket.open();
  const ends: End[] = [];
  try {
    ends.push(makeEnd(socket, `hrt${process.pid}a`, (family) => family.from));
    ends.push(makeEnd(socket, `hrt${process.pid}b`, (family) => family.to));
    const [sender, receiver] = ends;
    if (!sender || !receiver) throw new AppError("agent.self-test", { say: "no test devices" });
    addEndpoints(datapath, sender, receiver);
    if (gate === "HandshakeOnly") for (const family of FAMILIES) datapath.maps.hr_flows.update(flowKey(family), knownFlow(datapath));
    hooks.attach(datapath, datapath.programs.from_pod, sender.host.index);
    const lost = FAMILIES.filter((family) => !arrives({ from: sender.namespace, to: receiver.namespace, address: family.to, port: PORT }));
    if (lost.length === 0) return { outcome: "Passed", message: "A datagram of each family took the fast path." };
    return { outcome: "Failed", message: `No datagram arrived at ${lost.map(({ to }) => to).join(" and ")}.` };
  } catch (error) {
    return { outcome: "Unknown", message: `The self-test could not run: ${explain(error)}` };
  } finally {
    removeEnds({ datapath, socket, hooks, ends });
  }
}

/** A busy machine may take longer than one probe waits; a broken path lets none of them through. */
function arrives(probe: Parameters<typeof sendUdpProbe>[0]): boolean {
  for (let count = 0; count < PROBES_MAX; count++) if (sendUdpProbe(probe)) return true;
  return false;
}

function makeEnd(socket: NetlinkSocket, name: string, address: End["address"]): End {
  const namespace = NetworkNamespace.create();
  createVeth(socket, { name, peerName: "eth0", peerNetnsFd: namespace.fd });
  const host = readLinks(socket).find((link) => link.name === name);
  if (!host) throw new AppError("agent.self-test", { say: `device ${name} was made and is not there` });
  setLinkUp(socket, host.index);
  const end = { namespace, host, address };
  namespace.run(() => configureInside(end));
  return end;
}

function configureInside(end: End): void {
  const socket = NetlinkSocket.open();
  try {
    const eth0 = readLinks(socket).find((link) => link.name === "eth0");
    if (!eth0) throw new AppError("agent.self-test", { say: "the far end of a test device is missing" });
    setLinkUp(socket, eth0.index);
    for (const family of FAMILIES) {
      const own = end.address(family);
      const other = own === family.from ? family.to : family.from;
      addHostAddress(socket, eth0.index, own);
      addHostRoute(socket, eth0.index, other);
      addNeighbour(socket, { ifindex: eth0.index, address: other, mac: end.host.mac });
    }
  } finally {
    socket.close();
  }
}

function addEndpoints(datapath: Datapath, sender: End, receiver: End): void {
  for (const end of [sender, receiver]) {
    const podMac = end.namespace.run(() => readMac());
    const value = new Struct("hr_endpoint").set("ifindex", end.host.index).set("mtu", end.host.mtuBytes);
    value.set("pod_mac", podMac).set("host_mac", end.host.mac);
    for (const family of FAMILIES) datapath.maps.hr_endpoints.update(kernelAddress(end.address(family)), value.bytes);
  }
}

/** The lower address stands first, which is the sender's in both families. */
function flowKey({ from, to }: (typeof FAMILIES)[number]): Buffer {
  const port = Buffer.alloc(2);
  port.writeUInt16BE(PORT);
  const key = new Struct("hr_flow_key").set("low", kernelAddress(from)).set("high", kernelAddress(to));
  return key.set("low_port", port).set("high_port", port).set("protocol", IPPROTO_UDP).bytes;
}

/** The programs' clock is a coarse one: what it has not reached yet would be taken for very old. */
function knownFlow(datapath: Datapath): Buffer {
  const { epoch } = datapath.readControl();
  return new Struct("hr_flow").set("seen_ns", process.hrtime.bigint() - COARSE_NS).set("epoch", epoch).bytes;
}

function readMac(): Buffer {
  const socket = NetlinkSocket.open();
  try {
    return readLinks(socket).find((link) => link.name === "eth0")?.mac ?? Buffer.alloc(KERNEL_LAYOUTS.hr_endpoint.members.pod_mac.size);
  } finally {
    socket.close();
  }
}

function removeEnds(test: { datapath: Datapath; socket: NetlinkSocket; hooks: DeviceHooks; ends: End[] }): void {
  for (const family of FAMILIES) {
    test.datapath.maps.hr_flows.delete(flowKey(family));
    for (const address of [family.from, family.to]) test.datapath.maps.hr_endpoints.delete(kernelAddress(address));
  }
  for (const end of test.ends) {
    test.hooks.detach(test.datapath, end.host.index);
    deleteLink(test.socket, end.host.index);
    end.namespace.close();
  }
  test.socket.close();
}
