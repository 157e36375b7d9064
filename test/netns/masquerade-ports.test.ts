import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { NetworkNamespace } from "@hostrouting/bpf-loader";
import { countedSince } from "../../services/node-agent/src/host-routing/counters.ts";
import { KERNEL_LAYOUTS } from "../../services/node-agent/src/host-routing/kernel-layout.ts";
import { readKernelSettings } from "../../services/node-agent/src/masquerade/kernel-settings.ts";
import { writeHostPorts } from "../../services/node-agent/src/masquerade/masquerade-tables.ts";
import { NODE_PORTS_DEFAULT, planPorts, type PortRange } from "../../services/node-agent/src/masquerade/port-ranges.ts";
import { flowPacket, frame } from "./frames.ts";
import { ProgramRunner } from "./program-runner.ts";
import { startEcho, stopTraffic } from "./traffic.ts";
import { OUTSIDE } from "./two-nodes.ts";

/** More than half of what one address can have towards one server. */
const FLOWS = 28_000;
/** A pod's host port and a socket of the node's own, inside the ranges that are chosen from. */
const HOST_PORT = 20_000;
const HOST_SOCKET = 21_000;
const RESERVED: PortRange = { first: 22_000, last: 22_099 };
const CONTEXT_BYTES = 192;
const INGRESS_IFINDEX_OFFSET = 36;
const IFINDEX_OFFSET = 40;
/** Of an Ethernet frame with IPv4 and UDP: source port, and the checksum that may be left out. */
const SOURCE_PORT_OFFSET = 34;

describe("28,000 flows of a pod to one server at once", () => {
  let runner: ProgramRunner;
  let namespace: NetworkNamespace;
  const ports: number[] = [];
  let left: number;
  let ephemeral: PortRange;

  before(async () => {
    runner = new ProgramRunner();
    namespace = NetworkNamespace.openNamed(runner.nodes.netns("n1"));
    await startEcho(runner.nodes, "n1", HOST_SOCKET);
    ({ ephemeral } = namespace.run(() => readKernelSettings()));
    const { ranges } = planPorts({ ephemeral, nodePorts: NODE_PORTS_DEFAULT });
    runner.masquerade({ ranges: ranges.map(({ first, last }) => [first, last] as const) });
    writeHostPorts(runner.datapath, [{ protocol: "UDP", port: HOST_PORT }], [RESERVED]);
    left = openFlows();
    for (const key of runner.datapath.maps.hr_nat_in.keys())
      ports.push(key.readUInt16BE(KERNEL_LAYOUTS.hr_tuple.members.destination_port.offset));
  });
  after(() => {
    stopTraffic();
    namespace.close();
    runner.close();
  });

  /** @returns how many packets were not translated. */
  function openFlows(): number {
    const context = Buffer.alloc(CONTEXT_BYTES);
    const { index } = runner.link("la");
    context.writeUInt32LE(index, INGRESS_IFINDEX_OFFSET);
    context.writeUInt32LE(index, IFINDEX_OFFSET);
    const flow = { from: runner.nodes.pod("a").v4, fromPort: 0, to: OUTSIDE.v4, toPort: 53 };
    const packet = frame(flowPacket(flow, "udp", { checksum: false }));
    const before = runner.datapath.counters();
    namespace.run(() => {
      for (let port = 1; port <= FLOWS; port++) {
        packet.writeUInt16BE(30_000 + port, SOURCE_PORT_OFFSET);
        runner.datapath.programs.from_pod.runPacket(packet, context);
      }
    });
    const { fromPod } = countedSince(before, runner.datapath.counters());
    assert.equal(fromPod.FastMasquerade + fromPod.StackNoPort, FLOWS);
    return fromPod.StackNoPort;
  }

  it("all have a port", () => assert.deepEqual([left, ports.length], [0, FLOWS]));
  it("no two have the same", () => assert.equal(new Set(ports).size, ports.length));

  const forbidden: [string, () => PortRange][] = [
    ["NodePorts", () => NODE_PORTS_DEFAULT],
    ["ephemeral ports", () => ephemeral],
    ["a pod's host port", () => ({ first: HOST_PORT, last: HOST_PORT })],
    ["a socket of the node", () => ({ first: HOST_SOCKET, last: HOST_SOCKET })],
    ["reserved ports", () => RESERVED],
    ["privileged ports", () => ({ first: 0, last: 1023 })],
  ];
  for (const [name, range] of forbidden)
    it(`none has one of ${name}`, () =>
      assert.deepEqual(
        ports.filter((port) => port >= range().first && port <= range().last),
        [],
      ));
});
