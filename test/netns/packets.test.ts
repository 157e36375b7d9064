import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { addressBytes, readLinks, NetlinkSocket, type Link } from "@hostrouting/bpf-loader";
import { countedSince } from "../../services/node-agent/src/host-routing/counters.ts";
import { Datapath } from "../../services/node-agent/src/host-routing/datapath.ts";
import { REASONS, type Reason } from "../../services/node-agent/src/host-routing/kernel-layout.ts";
import { pinFolders } from "../../services/node-agent/src/host-routing/pin-folder.ts";
import { on, TwoNodes, type TestAgent } from "./two-nodes.ts";

const TC_ACT_UNSPEC = -1;
const TC_ACT_REDIRECT = 7;
const UDP = 17;
/** `struct __sk_buff` up to gso_size, and where its device indexes stand. */
const CONTEXT_BYTES = 192;
const INGRESS_IFINDEX_OFFSET = 36;
const IFINDEX_OFFSET = 40;

type Packet = { from: string; to: string; protocol?: number; ttl?: number; fragment?: number; options?: Buffer; payload?: Buffer };

const udp = Buffer.from("9c4100350010000068656c6c6f212121", "hex");
const echoV4 = Buffer.from("0800000000070001", "hex");
const A = { v4: "10.201.1.2", v6: "fd00:201:1::2" };
const B = { v4: "10.201.1.3", v6: "fd00:201:1::3" };

describe("from_pod, packet by packet", () => {
  let nodes: TwoNodes;
  let agent: TestAgent;
  let datapath: Datapath;
  let links: Link[];

  before(() => {
    nodes = new TwoNodes();
    agent = nodes.agent(1);
    agent.reconcile(on(1, 1));
    const [folder] = pinFolders(nodes.pinRoot(1));
    assert.ok(folder);
    datapath = Datapath.open(folder);
    links = agent.run(() => {
      const socket = NetlinkSocket.open();
      const found = readLinks(socket);
      socket.close();
      return found;
    });
  });
  after(() => {
    datapath.close();
    nodes.close();
  });

  /** Runs one frame as pod a's and answers verdict, frame and the one reason that was counted. */
  function run(frame: Buffer): { verdict: number; packet: Buffer; reason: Reason | undefined } {
    const device = links.find(({ name }) => name === "la")?.index ?? 0;
    const context = Buffer.alloc(CONTEXT_BYTES);
    context.writeUInt32LE(device, INGRESS_IFINDEX_OFFSET);
    context.writeUInt32LE(device, IFINDEX_OFFSET);
    const before = datapath.counters();
    const { verdict, packet } = agent.run(() => datapath.programs.from_pod.runPacket(frame, context));
    const counted = countedSince(before, datapath.counters()).fromPod;
    const reasons = REASONS.filter((reason) => counted[reason] > 0);
    assert.ok(reasons.length === 1, `counted once: ${reasons.join()}`);
    return { verdict, packet, reason: reasons[0] };
  }

  const left: [string, Reason, Buffer][] = [
    ["TTL 1", "StackTtl", ipv4({ from: A.v4, to: B.v4, ttl: 1 })],
    ["hop limit 1", "StackTtl", ipv6({ from: A.v6, to: B.v6, ttl: 1 })],
    ["a first fragment", "StackFragment", ipv4({ from: A.v4, to: B.v4, fragment: 0x2000 })],
    ["a later fragment", "StackFragment", ipv4({ from: A.v4, to: B.v4, fragment: 0x0010 })],
    ["an IPv6 fragment", "StackFragment", ipv6({ from: A.v6, to: B.v6, protocol: 44 })],
    ["IPv4 options", "StackOptions", ipv4({ from: A.v4, to: B.v4, options: Buffer.from("94040000", "hex") })],
    ["hop-by-hop options", "StackOptions", ipv6({ from: A.v6, to: B.v6, protocol: 0 })],
    ["SCTP", "StackProtocol", ipv4({ from: A.v4, to: B.v4, protocol: 132 })],
    [
      "neighbour solicitation",
      "StackProtocol",
      ipv6({ from: A.v6, to: B.v6, protocol: 58, payload: Buffer.from("8700000000000000", "hex") }),
    ],
    ["another pod's source address", "StackSource", ipv4({ from: B.v4, to: B.v4 })],
    ["a source address of nobody", "StackSource", ipv6({ from: "fd00:201:1::99", to: B.v6 })],
    ["a Service", "StackClass", ipv4({ from: A.v4, to: "10.96.0.10" })],
    ["a node", "StackClass", ipv6({ from: A.v6, to: "fd00:200::1" })],
    ["an address of this node's range without a pod", "StackNoEndpoint", ipv4({ from: A.v4, to: "10.201.1.99" })],
    ["a pod range without a route", "StackRoute", ipv4({ from: A.v4, to: "10.201.77.1" })],
    ["more than the device's MTU", "StackTooBig", ipv4({ from: A.v4, to: B.v4, payload: Buffer.concat([udp, Buffer.alloc(1600)]) })],
    ["more than the route's MTU", "StackTooBig", ipv4({ from: A.v4, to: "10.201.2.2", payload: Buffer.concat([udp, Buffer.alloc(1600)]) })],
    ["ARP", "StackNotIp", ethernet(0x0806, Buffer.alloc(28))],
    ["VLAN", "StackNotIp", ethernet(0x8100, Buffer.alloc(46))],
    ["a cut-off UDP header", "StackShort", ipv4({ from: A.v4, to: B.v4, payload: udp.subarray(0, 4) })],
    [
      "an error that quotes no fast flow",
      "StackIcmpError",
      ipv4({
        from: A.v4,
        to: B.v4,
        protocol: 1,
        payload: quoting({ from: B.v4, to: "10.201.1.2", payload: Buffer.from("1111222200080000", "hex") }),
      }),
    ],
  ];
  for (const [name, reason, frame] of left)
    it(`leaves ${name} to the stack, unchanged`, () => {
      const result = run(frame);
      assert.equal(result.reason, reason);
      assert.equal(result.verdict, TC_ACT_UNSPEC);
      assert.deepEqual(result.packet, frame);
    });

  const fast: [string, Reason, Buffer][] = [
    ["UDP to a pod of the node", "FastLocal", ipv4({ from: A.v4, to: B.v4 })],
    ["UDP over IPv6 to a pod of the node", "FastLocal", ipv6({ from: A.v6, to: B.v6 })],
    ["echo to a pod of the node", "FastLocal", ipv4({ from: A.v4, to: B.v4, protocol: 1, payload: echoV4 })],
    [
      "an error that quotes a fast flow",
      "FastLocal",
      ipv4({
        from: A.v4,
        to: B.v4,
        protocol: 1,
        payload: quoting({ from: B.v4, to: A.v4, payload: Buffer.from("00359c4100080000", "hex") }),
      }),
    ],
  ];
  for (const [name, reason, frame] of fast)
    it(`redirects ${name}, one hop on, to the pod's MAC`, () => {
      const result = run(frame);
      assert.equal(result.reason, reason);
      assert.equal(result.verdict, TC_ACT_REDIRECT);
      const is4 = frame.readUInt16BE(12) === 0x0800;
      const ttlAt = is4 ? 22 : 21;
      assert.equal(result.packet[ttlAt], (frame[ttlAt] ?? 0) - 1);
      if (is4) assert.equal(checksum(result.packet.subarray(14, 34)), 0);
      const host = links.find((link) => link.name === "lb");
      assert.equal(result.packet.toString("hex", 6, 12), host?.mac.toString("hex"));
      assert.notEqual(result.packet.toString("hex", 0, 6), "000000000000");
      assert.deepEqual(result.packet.subarray(is4 ? 26 : 22), frame.subarray(is4 ? 26 : 22));
    });
});

function ethernet(type: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(14);
  header.writeUInt16BE(type, 12);
  return Buffer.concat([header, payload]);
}

function ipv4Header({ from, to, protocol = UDP, ttl = 64, fragment = 0, options = Buffer.alloc(0) }: Packet, payloadBytes: number): Buffer {
  const header = Buffer.alloc(20 + options.length);
  header.writeUInt8(0x40 | (header.length / 4), 0);
  header.writeUInt16BE(header.length + payloadBytes, 2);
  header.writeUInt16BE(fragment, 6);
  header.writeUInt8(ttl, 8);
  header.writeUInt8(protocol, 9);
  addressBytes(from).copy(header, 12);
  addressBytes(to).copy(header, 16);
  options.copy(header, 20);
  header.writeUInt16BE(checksum(header), 10);
  return header;
}

function ipv4(packet: Packet): Buffer {
  const payload = packet.payload ?? udp;
  return ethernet(0x0800, Buffer.concat([ipv4Header(packet, payload.length), payload]));
}

function ipv6({ from, to, protocol = UDP, ttl = 64, payload = udp }: Packet): Buffer {
  const header = Buffer.alloc(40);
  header.writeUInt8(0x60, 0);
  header.writeUInt16BE(payload.length, 4);
  header.writeUInt8(protocol, 6);
  header.writeUInt8(ttl, 7);
  addressBytes(from).copy(header, 8);
  addressBytes(to).copy(header, 24);
  return ethernet(0x86dd, Buffer.concat([header, payload]));
}

/** Port unreachable about an IPv4 packet, which the error's sender received. */
function quoting(packet: Packet): Buffer {
  const payload = packet.payload ?? udp;
  return Buffer.concat([Buffer.from("0303000000000000", "hex"), ipv4Header(packet, payload.length), payload]);
}

/** RFC 1071; 0 over a header whose checksum is right. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}
