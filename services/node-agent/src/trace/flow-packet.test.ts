import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FlowTuple } from "@hostrouting/domain";
import { flowPacket, type PacketKind } from "./flow-packet.ts";

const v4 = { source: { address: "10.0.0.1", port: 40_000 }, destination: { address: "10.0.0.2", port: 80 } };
const v6 = { source: { address: "fd00::1", port: 4096 }, destination: { address: "fd00::2", port: 53 } };
const ETHERNET_V4 = "0000000000000000000000000800";
const ETHERNET_V6 = "00000000000000000000000086dd";

describe("the packet that stands for a flow", () => {
  const cases: [string, FlowTuple, PacketKind, string][] = [
    [
      "TCP in the middle",
      { protocol: "tcp", ...v4 },
      {},
      `${ETHERNET_V4}45000028000000004006 66ce0a0000010a000002 9c400050 00000000 00000000 50100000 00000000`,
    ],
    [
      "TCP that opens",
      { protocol: "tcp", ...v4 },
      { opening: true },
      `${ETHERNET_V4}450000280000000040 0666ce0a0000010a000002 9c40005000000000000000005002000000000000`,
    ],
    [
      "UDP over IPv6",
      { protocol: "udp", ...v6 },
      {},
      `${ETHERNET_V6}6000000000081140 fd000000000000000000000000000001 fd000000000000000000000000000002 1000003500080000`,
    ],
    [
      "an echo request",
      { protocol: "icmp", ...v4, source: { address: "10.0.0.1", port: 7 } },
      {},
      `${ETHERNET_V4}4500001c000000004001 66df0a0000010a000002 0800000000070000`,
    ],
    [
      "an echo reply over IPv6",
      { protocol: "icmp", source: { ...v6.source, port: 0 }, destination: { ...v6.destination, port: 7 } },
      { answer: true },
      `${ETHERNET_V6}6000000000083a40 fd000000000000000000000000000001 fd000000000000000000000000000002 8100000000070000`,
    ],
  ];
  for (const [name, flow, kind, expected] of cases)
    it(name, () => assert.equal(flowPacket(flow, kind).toString("hex"), expected.replaceAll(" ", "")));

  it("is none between two families", () =>
    assert.throws(() => flowPacket({ protocol: "tcp", source: v4.source, destination: v6.destination }), RangeError));
});
