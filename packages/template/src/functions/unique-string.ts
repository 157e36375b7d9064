const SEED = 0;
const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";
const UNIQUE_STRING_CHARS = 13;

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function finish(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/**
 * The 64-bit hash of Azure Resource Manager, MurmurHash3 with two lanes of 32 bits. As in public descriptions of `uniqueString`
 * (Azure.Deployments.Expression); the vectors in the test are Azure's answers.
 */
export function murmurHash64(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const mixFirst = (lane: number): number => Math.imul(rotate(Math.imul(lane, 0x239b961b), 15), 0xab0e9789);
  const mixSecond = (lane: number): number => Math.imul(rotate(Math.imul(lane, 0xab0e9789), 17), 0x239b961b);
  let [first, second] = [SEED, SEED];
  let at = 0;
  for (; at + 8 <= bytes.length; at += 8) {
    first = rotate(first ^ mixFirst(view.getUint32(at, true)), 19);
    first = (Math.imul((first + second) | 0, 5) + 0x561ccd1b) | 0;
    second = rotate(second ^ mixSecond(view.getUint32(at + 4, true)), 13);
    second = (Math.imul((second + first) | 0, 5) + 0x0bcaa747) | 0;
  }
  // the rest, as if zeros followed
  const tail = new DataView(new ArrayBuffer(8));
  bytes.subarray(at).forEach((byte, index) => tail.setUint8(index, byte));
  if (at < bytes.length) first ^= mixFirst(tail.getUint32(0, true));
  if (at + 4 < bytes.length) second ^= mixSecond(tail.getUint32(4, true));
  first ^= bytes.length;
  second ^= bytes.length;
  first = (first + second) | 0;
  second = (second + first) | 0;
  first = finish(first);
  second = finish(second);
  first = (first + second) | 0;
  second = (second + first) | 0;
  return (BigInt(second >>> 0) << 32n) | BigInt(first >>> 0);
}

/** `uniqueString()`: 13 characters, the same for the same texts. */
export function uniqueString(texts: readonly string[]): string {
  let hash = murmurHash64(new TextEncoder().encode(texts.join("-")));
  let out = "";
  for (let index = 0; index < UNIQUE_STRING_CHARS; index++) {
    out += ALPHABET[Number(hash >> 59n)] ?? "";
    hash = (hash << 5n) & 0xffff_ffff_ffff_ffffn;
  }
  return out;
}
