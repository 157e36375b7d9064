import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { digestOf } from "./digest.ts";

/** The same by arithmetic of any width, as the draft writes it. */
function plainly(texts: readonly string[]): string {
  const bytes = texts.toSorted().flatMap((text) => [...Buffer.from(text, "utf16le"), 0xff, 0xff]);
  const hash = bytes.reduce((seen, byte) => ((seen ^ BigInt(byte)) * 0x100000001b3n) & ((1n << 64n) - 1n), 0xcbf29ce484222325n);
  return hash.toString(16).padStart(16, "0");
}

test("halves of 32 bits give what 64 bits give", () =>
  fc.assert(fc.property(fc.array(fc.string(), { maxLength: 5 }), (texts) => assert.equal(digestOf(texts), plainly(texts)))));

test("the order of texts makes no difference, where they end does", () => {
  assert.equal(digestOf(["a", "b"]), digestOf(["b", "a"]));
  assert.notEqual(digestOf(["ab", "c"]), digestOf(["a", "bc"]));
  assert.notEqual(digestOf(["ab"]), digestOf(["a", "b"]));
});
