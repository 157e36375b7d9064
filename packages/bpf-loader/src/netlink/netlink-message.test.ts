import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  attribute,
  decodeAttributes,
  decodeMessages,
  encodeMessage,
  readI32,
  readText,
  readU32,
  textAttribute,
  u32Attribute,
} from "./netlink-message.ts";

describe("netlink messages", () => {
  it("come back as they were encoded, one after the other", () => {
    const first = { type: 18, flags: 0x301, sequence: 7, payload: Buffer.from("abc") };
    const second = { type: 3, flags: 0, sequence: 8, payload: Buffer.alloc(0) };
    assert.deepEqual(decodeMessages(Buffer.concat([encodeMessage(first), encodeMessage(second)])), [first, second]);
  });

  it("never read past what was received", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const data = Buffer.from(bytes);
        for (const { payload } of decodeMessages(data)) assert.ok(payload.length <= data.length - 16);
        for (const value of decodeAttributes(data).values()) assert.ok(value.length <= data.length - 4);
      }),
    );
  });

  it("drop a message that claims to be longer than what is there", () => {
    const whole = encodeMessage({ type: 1, flags: 0, sequence: 1, payload: Buffer.alloc(8) });
    assert.deepEqual(decodeMessages(whole.subarray(0, 20)), []);
  });
});

describe("netlink attributes", () => {
  it("carry numbers and text, padded to four bytes", () => {
    const bytes = Buffer.concat([textAttribute(3, "eth0"), u32Attribute(4, 1500), u32Attribute(37, -1)]);
    assert.equal(bytes.length, 12 + 8 + 8);
    const attributes = decodeAttributes(bytes);
    assert.equal(readText(attributes.get(3)), "eth0");
    assert.equal(readU32(attributes.get(4)), 1500);
    assert.equal(readI32(attributes.get(37)), -1);
    assert.equal(readU32(attributes.get(99)), undefined);
  });

  it("leave the nested flag out of the type", () => {
    assert.ok(decodeAttributes(attribute(18 | 0x8000, Buffer.alloc(4))).has(18));
  });
});
