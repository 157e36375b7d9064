import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeEntry, encodeName, encodeTranslatedFlow, turned, type ConntrackTuple } from "./conntrack-message.ts";

const tcp4: ConntrackTuple = { protocol: 6, source: "10.1.0.2", destination: "203.0.113.10", sourcePort: 40000, destinationPort: 443 };
const udp6: ConntrackTuple = { protocol: 17, source: "fd00::2", destination: "2001:db8::1", sourcePort: 5353, destinationPort: 53 };
const echo: ConntrackTuple = {
  protocol: 1,
  source: "10.1.0.2",
  destination: "203.0.113.10",
  sourcePort: 7,
  destinationPort: 7,
  icmpType: 8,
};

for (const [name, original] of Object.entries({ tcp4, udp6, echo }))
  test(`what is encoded of a translated flow is read back: ${name}`, () => {
    const address = original.source.includes(":") ? "fd00:200::1" : "10.200.0.1";
    const entry = decodeEntry(encodeTranslatedFlow({ original, translated: { address, port: 61000 }, timeoutSeconds: 7200 }));
    assert.deepEqual(entry?.original, original);
    assert.deepEqual(entry?.reply, turned(original), "the reply tuple is the untranslated one");
    assert.deepEqual([entry?.timeoutSeconds, entry?.status], [7200, 14]);
  });

test("a name is the family and the original tuple, byte by byte", () => {
  const expected = [
    "02000000", // AF_INET
    "34000180", // CTA_TUPLE_ORIG, nested
    ...["14000180", "08000100", "0a010002", "08000200", "cb00710a"],
    ...["1c000280", "05000100", "06000000", "06000200", "9c400000", "06000300", "01bb0000"],
  ];
  assert.equal(encodeName(tcp4).toString("hex"), expected.join(""));
});

test("a message without tuples is no entry", () => {
  assert.equal(decodeEntry(Buffer.from([2, 0, 0, 0])), undefined);
});
