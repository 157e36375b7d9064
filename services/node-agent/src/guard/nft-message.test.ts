import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { attribute, encodeMessage, textAttribute } from "@hostrouting/bpf-loader";
import fc from "fast-check";
import { ATTEMPT_KINDS, type AttemptKind } from "./guard-layout.ts";
import { describeMessage, type MessageText } from "./nft-message.ts";

const NEW_CHAIN = 3;
const NEW_RULE = 6;
const NEW_ELEMENTS = 12;

const number = (type: number, value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return attribute(type, bytes);
};
const list = (type: number, ...members: Buffer[]): Buffer => attribute(type | 0x8000, Buffer.concat(members));
const expression = (name: string, ...data: Buffer[]): Buffer => list(1, textAttribute(1, name), list(2, ...data));
const payload = (base: number, offset: number, length: number): Buffer =>
  expression("payload", number(1, 1), number(2, base), number(3, offset), number(4, length));
const compare = (value: Buffer, operator = 0): Buffer => expression("cmp", number(1, 1), number(2, operator), list(3, attribute(1, value)));
const verdict = (code: number, chain?: string): Buffer =>
  expression("immediate", number(1, 0), list(2, list(2, number(1, code), ...(chain === undefined ? [] : [textAttribute(2, chain)]))));
const comment = (text: string): Buffer => attribute(7, Buffer.concat([Buffer.from([0, text.length + 1]), Buffer.from(`${text}\0`)]));

const message = (family: number, attributes: readonly Buffer[]): Buffer =>
  encodeMessage({ type: 0, flags: 0, sequence: 0, payload: Buffer.concat([Buffer.from([family, 0, 0, 0]), ...attributes]) });
const rule = (expressions: readonly Buffer[], ...more: Buffer[]): Buffer =>
  message(2, [textAttribute(1, "filter"), textAttribute(2, "FORWARD"), list(4, ...expressions), ...more]);

const told = (rest: Partial<MessageText>): MessageText => ({ family: "ip", table: "filter", chain: "FORWARD", rule: "", ...rest });

describe("what an attempt was about", () => {
  const rules: [what: string, bytes: Buffer, rule: string][] = [
    [
      "addresses, ports and a verdict",
      rule([payload(1, 16, 4), compare(Buffer.from([10, 0, 0, 1])), payload(2, 2, 2), compare(Buffer.from([0, 80])), verdict(0)]),
      "ip daddr 10.0.0.1 dport 80 drop",
    ],
    ["an address's first bytes", rule([payload(1, 12, 2), compare(Buffer.from([10, 1]), 1), verdict(1)]), "ip saddr != 10.1.0.0/16 accept"],
    ["a jump", rule([expression("counter"), verdict(-3, "MINE")]), "jump MINE"],
    [
      "a mask",
      rule([
        payload(1, 12, 4),
        expression("bitwise", list(4, attribute(1, Buffer.from([255, 240, 0, 0])))),
        compare(Buffer.from([172, 16, 0, 0])),
      ]),
      "ip saddr & 255.240.0.0 172.16.0.0",
    ],
    ["a device", rule([expression("meta", number(1, 1), number(2, 6)), compare(Buffer.from("eth0\0\0"))]), 'iifname "eth0"'],
    [
      "extensions of iptables",
      rule([
        expression("match", textAttribute(1, "comment"), number(2, 0), attribute(3, Buffer.from("why\0"))),
        expression("target", textAttribute(1, "MASQUERADE")),
      ]),
      'comment "why" -j MASQUERADE',
    ],
    ["a set", rule([payload(1, 16, 4), expression("lookup", textAttribute(1, "blocked")), verdict(0)]), "ip daddr in set blocked drop"],
    ["nft's own comment", rule([verdict(0)], comment("mine")), 'drop comment "mine"'],
    ["nothing that is known", rule([expression("quota2")]), "quota2"],
    ["no expressions", rule([]), "a rule without expressions"],
  ];
  for (const [what, bytes, text] of rules)
    it(`${what}: ${text}`, () => assert.deepEqual(describeMessage("Nftables", NEW_RULE, bytes), told({ rule: text })));

  it("a chain's policy", () => {
    const bytes = message(10, [textAttribute(1, "filter"), textAttribute(3, "INPUT"), number(5, 0)]);
    assert.deepEqual(describeMessage("Nftables", NEW_CHAIN, bytes), told({ family: "ip6", chain: "INPUT", rule: "policy drop" }));
  });

  it("a set's elements", () => {
    const bytes = message(1, [textAttribute(1, "t"), textAttribute(2, "s")]);
    const expected = told({ family: "inet", table: "t", chain: "", rule: "elements of set s" });
    assert.deepEqual(describeMessage("Nftables", NEW_ELEMENTS, bytes), expected);
  });

  it("a rule that goes on behind the first kilobyte is told as far as it was read", () => {
    const long = rule([verdict(0), ...Array.from({ length: 200 }, () => expression("counter"))]).subarray(0, 1024);
    assert.equal(describeMessage("Nftables", NEW_RULE, long).rule, "drop");
  });

  it("a table of the old kind, by the name that it begins with", () => {
    const bytes = Buffer.alloc(64);
    bytes.write("nat");
    assert.deepEqual(describeMessage("Iptables", 0, bytes), told({ table: "nat", chain: "", rule: "the whole table anew" }));
    assert.equal(describeMessage("Ebtables", 0, Buffer.alloc(0)).table, "");
  });

  it("any bytes whatever are told without a fault", () => {
    const kinds = fc.constantFrom(...(Object.keys(ATTEMPT_KINDS) as AttemptKind[]));
    fc.assert(
      fc.property(kinds, fc.constantFrom(0, 3, 6, 9, 12, 18, 22, 255), fc.uint8Array({ maxLength: 1024 }), (kind, type, bytes) => {
        assert.equal(typeof describeMessage(kind, type, Buffer.from(bytes)).rule, "string");
      }),
      { numRuns: 2000 },
    );
  });
});
