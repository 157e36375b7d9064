import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { addressBytes, addressText } from "./ip-address.ts";

describe("IP addresses", () => {
  for (const [text, hex] of [
    ["10.244.1.2", "0af40102"],
    ["::", "00".repeat(16)],
    ["::1", `${"00".repeat(15)}01`],
    ["fd00:244:0:1::2", "fd000244000000010000000000000002"],
    ["2001:db8:1:2:3:4:5:6", "20010db8000100020003000400050006"],
  ] as const)
    it(`${text} has these bytes, and the bytes this text`, () => {
      assert.equal(addressBytes(text).toString("hex"), hex);
      assert.equal(addressText(Buffer.from(hex, "hex")), text);
    });

  it("IPv4 inside IPv6 is read", () => assert.equal(addressBytes("::ffff:10.0.0.1").toString("hex"), "00000000000000000000ffff0a000001"));

  it("every 4 or 16 bytes survive the way to text and back", () => {
    const sizes = fc.constantFrom(4, 16).chain((length) => fc.uint8Array({ minLength: length, maxLength: length }));
    fc.assert(fc.property(sizes, (bytes) => assert.deepEqual([...addressBytes(addressText(Buffer.from(bytes)))], [...bytes])));
  });

  for (const wrong of ["", "10.0.0", "fe80::1%eth0", "10.0.0.1/24", "localhost"])
    it(`"${wrong}" is refused`, () => assert.throws(() => addressBytes(wrong), { code: "bpf.bad-argument" }));
});
