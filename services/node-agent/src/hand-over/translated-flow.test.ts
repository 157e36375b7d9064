import assert from "node:assert/strict";
import { test } from "node:test";
import { kernelAddress } from "../host-routing/kernel-address.ts";
import { NAT_FLAG, Struct } from "../host-routing/kernel-layout.ts";
import { answerKey, readTranslatedFlow, secondsLeft, type Lifetimes } from "./translated-flow.ts";

const SECOND = 1_000_000_000n;
const lifetimes: Lifetimes = {
  tcpEstablished: 7200n * SECOND,
  tcpSyn: 60n * SECOND,
  tcpClosing: 10n * SECOND,
  udp: 30n * SECOND,
  udpStream: 120n * SECOND,
  icmp: 30n * SECOND,
};

function port(number: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(number);
  return bytes;
}

function entry(protocol: number, ports: readonly [number, number], flags = 0): readonly [Buffer, Buffer] {
  const key = new Struct("hr_tuple").set("source", kernelAddress("10.1.0.2")).set("destination", kernelAddress("203.0.113.10"));
  key.set("source_port", port(ports[0])).set("destination_port", port(ports[1])).set("protocol", protocol);
  const value = new Struct("hr_nat").set("address", kernelAddress("10.200.0.1")).set("port", port(61_000)).set("flags", flags);
  return [key.bytes, value.set("seen_ns", 100n * SECOND).bytes];
}

test("an entry is read as the pod sends it, with what stands in for the pod", () => {
  assert.deepEqual(readTranslatedFlow(...entry(6, [40_000, 443], NAT_FLAG.REPLIED)), {
    original: { protocol: 6, source: "10.1.0.2", destination: "203.0.113.10", sourcePort: 40_000, destinationPort: 443 },
    translated: { address: "10.200.0.1", port: 61_000 },
    flags: NAT_FLAG.REPLIED,
    seenNs: 100n * SECOND,
  });
});

test("an echo's identifier stands for both ports", () => {
  const { original } = readTranslatedFlow(...entry(1, [7, 0]));
  assert.deepEqual([original.sourcePort, original.destinationPort, original.icmpType], [7, 7, 8]);
});

test("answers are found from the remote end to what stands in for the pod", () => {
  const answer = new Struct("hr_tuple").set("source", kernelAddress("203.0.113.10")).set("destination", kernelAddress("10.200.0.1"));
  answer.set("source_port", port(443)).set("destination_port", port(61_000)).set("protocol", 6);
  assert.deepEqual(answerKey(...entry(6, [40_000, 443])), answer.bytes);
});

const cases: readonly (readonly [string, ReturnType<typeof entry>, bigint, number | undefined])[] = [
  ["TCP that lives", entry(6, [1, 2], NAT_FLAG.REPLIED), 160n, 7141],
  ["TCP without an answer", entry(6, [1, 2]), 130n, 31],
  ["TCP without an answer for a minute", entry(6, [1, 2]), 160n, undefined],
  ["TCP that one side has closed lives", entry(6, [1, 2], NAT_FLAG.REPLIED | NAT_FLAG.FIN_OUT), 160n, 7141],
  ["TCP that both sides have closed", entry(6, [1, 2], NAT_FLAG.REPLIED | NAT_FLAG.FIN_OUT | NAT_FLAG.FIN_IN), 101n, undefined],
  ["TCP that was reset", entry(6, [1, 2], NAT_FLAG.REPLIED | NAT_FLAG.RESET), 101n, undefined],
  ["UDP with answers", entry(17, [1, 2], NAT_FLAG.REPLIED), 160n, 61],
  ["UDP without answers", entry(17, [1, 2]), 131n, undefined],
  ["an echo", entry(1, [1, 0]), 110n, 21],
];

for (const [name, [key, value], now, expected] of cases)
  test(`time left: ${name}`, () => assert.equal(secondsLeft(readTranslatedFlow(key, value), lifetimes, now * SECOND), expected));
