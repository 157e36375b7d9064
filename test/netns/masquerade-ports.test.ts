import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { NetworkNamespace } from "@hostrouting/bpf-loader";
import { countedSince, type Counters } from "../../services/node-agent/src/host-routing/counters.ts";
import { KERNEL_LAYOUTS } from "../../services/node-agent/src/host-routing/kernel-layout.ts";
import { readKernelSettings } from "../../services/node-agent/src/masquerade/kernel-settings.ts";
import { writeHostPorts } from "../../services/node-agent/src/masquerade/masquerade-tables.ts";
import { NODE_PORTS_DEFAULT, planPorts, type PortRange } from "../../services/node-agent/src/masquerade/port-ranges.ts";
import { flowPacket, frame, TCP_FLAG, turned, type Flow } from "./frames.ts";
import { NODE, ProgramRunner } from "./program-runner.ts";
import { startEcho, stopTraffic } from "./traffic.ts";
import { OUTSIDE } from "./two-nodes.ts";

/** More than four fifths of what one address can have towards one server. */
const FLOWS = 28_000;
/** Ten seconds' connections of a busy client: as long as a closed one keeps its port. */
const CONNECTIONS = 20_000;
/** A pod's host port and a socket of the node's own, inside the ranges that are chosen from. */
const HOST_PORT = 20_000;
const HOST_SOCKET = 21_000;
const RESERVED: PortRange = { first: 22_000, last: 22_099 };
const CONTEXT_BYTES = 192;
const INGRESS_IFINDEX_OFFSET = 36;
const IFINDEX_OFFSET = 40;
/** Of an Ethernet frame with IPv4. */
const SOURCE_PORT_OFFSET = 34;
const DESTINATION_PORT_OFFSET = 36;
const FIRST_PORT = 30_000;

/** Sends many packets of node 1 without looking at each. */
class Sender {
  readonly runner = new ProgramRunner();
  readonly ephemeral: PortRange;
  readonly #namespace = NetworkNamespace.openNamed(this.runner.nodes.netns("n1"));
  readonly #contexts = { from_pod: contextOf(this.runner.link("la").index), from_net: contextOf(this.runner.link("eth0").index) };

  constructor() {
    this.ephemeral = this.#namespace.run(() => readKernelSettings()).ephemeral;
    const { ranges } = planPorts({ ephemeral: this.ephemeral, nodePorts: NODE_PORTS_DEFAULT });
    this.runner.masquerade({ ranges: ranges.map(({ first, last }) => [first, last] as const) });
  }

  /** @returns what the program made of the packet, until the next one. */
  send(program: "from_pod" | "from_net", packet: Buffer): Buffer {
    return this.runner.datapath.programs[program].runPacket(packet, this.#contexts[program]).packet;
  }

  /** What is counted while `work` sends packets. */
  counted(work: () => void): Counters {
    const before = this.runner.datapath.counters();
    this.#namespace.run(work);
    return countedSince(before, this.runner.datapath.counters());
  }

  /** Ports that stand in for pods'. */
  ports(): number[] {
    const { offset } = KERNEL_LAYOUTS.hr_tuple.members.destination_port;
    return this.runner.datapath.maps.hr_nat_in.keys().map((key) => key.readUInt16BE(offset));
  }

  close(): void {
    this.#namespace.close();
    this.runner.close();
  }
}

describe("28,000 flows of a pod to one server at once", () => {
  let sender: Sender;
  let counted: Counters;
  let ports: number[];

  before(async () => {
    sender = new Sender();
    await startEcho(sender.runner.nodes, "n1", HOST_SOCKET);
    writeHostPorts(sender.runner.datapath, [{ protocol: "UDP", port: HOST_PORT }], [RESERVED]);
    const packet = frame(flowPacket(flowOf(sender), "udp", { checksum: false }));
    counted = sender.counted(() => {
      for (let flow = 0; flow < FLOWS; flow++) {
        packet.writeUInt16BE(FIRST_PORT + flow, SOURCE_PORT_OFFSET);
        sender.send("from_pod", packet);
      }
    });
    ports = sender.ports();
  });
  after(() => {
    stopTraffic();
    sender.close();
  });

  it("all are translated", () => assert.deepEqual([counted.fromPod.FastMasquerade, ports.length], [FLOWS, FLOWS]));
  it("no two have the same port", () => assert.equal(new Set(ports).size, ports.length));

  const forbidden: [string, () => PortRange][] = [
    ["NodePorts", () => NODE_PORTS_DEFAULT],
    ["ephemeral ports", () => sender.ephemeral],
    ["a pod's host port", () => ({ first: HOST_PORT, last: HOST_PORT })],
    ["a socket of the node", () => ({ first: HOST_SOCKET, last: HOST_SOCKET })],
    ["reserved ports", () => RESERVED],
    ["privileged ports", () => ({ first: 0, last: 1023 })],
  ];
  for (const [name, range] of forbidden)
    it(`none has one of ${name}`, () => {
      const { first, last } = range();
      const taken = ports.filter((port) => port >= first && port <= last);
      assert.deepEqual(taken, []);
    });
});

describe("20,000 connections of a pod to one server, each closed at once", () => {
  let sender: Sender;
  before(() => {
    sender = new Sender();
  });
  after(() => sender.close());

  it("all are translated, both ways", () => {
    const flow = flowOf(sender);
    const answer = turned({ ...flow, from: NODE.v4 });
    const packets = {
      open: frame(flowPacket(flow, "tcp", { tcpFlags: TCP_FLAG.syn })),
      accept: frame(flowPacket(answer, "tcp", { tcpFlags: TCP_FLAG.syn | TCP_FLAG.ack })),
      close: frame(flowPacket(flow, "tcp", { tcpFlags: TCP_FLAG.fin | TCP_FLAG.ack })),
      closeBack: frame(flowPacket(answer, "tcp", { tcpFlags: TCP_FLAG.fin | TCP_FLAG.ack })),
    };
    const { fromPod, fromNet } = sender.counted(() => {
      for (let connection = 0; connection < CONNECTIONS; connection++) {
        for (const packet of [packets.open, packets.close]) packet.writeUInt16BE(FIRST_PORT + connection, SOURCE_PORT_OFFSET);
        const port = sender.send("from_pod", packets.open).readUInt16BE(SOURCE_PORT_OFFSET);
        for (const packet of [packets.accept, packets.closeBack]) packet.writeUInt16BE(port, DESTINATION_PORT_OFFSET);
        sender.send("from_net", packets.accept);
        sender.send("from_pod", packets.close);
        sender.send("from_net", packets.closeBack);
      }
    });
    assert.equal(fromPod.StackNoPort, 0);
    assert.deepEqual([fromPod.FastMasquerade, fromNet.FastUnmasquerade], [2 * CONNECTIONS, 2 * CONNECTIONS]);
  });
});

function flowOf({ runner }: Sender): Flow {
  return { from: runner.nodes.pod("a").v4, fromPort: FIRST_PORT, to: OUTSIDE.v4, toPort: 443 };
}

/** `struct __sk_buff` of a packet that came in on a device. */
function contextOf(ifindex: number): Buffer {
  const context = Buffer.alloc(CONTEXT_BYTES);
  context.writeUInt32LE(ifindex, INGRESS_IFINDEX_OFFSET);
  context.writeUInt32LE(ifindex, IFINDEX_OFFSET);
  return context;
}
