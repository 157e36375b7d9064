/** The prime of FNV-1a for 64 bits is 2^40 and this. The Fowler/Noll/Vo hash, draft-eastlake-fnv. */
const PRIME_LOW = 0x1b3;
const OFFSET_HIGH = 0xcbf29ce4;
const OFFSET_LOW = 0x84222325;
/** Both bytes of a sign that texts do not hold: "ab" and "c" are not "a" and "bc". */
const END_OF_TEXT = 0xffff;

/**
 * A short name for a list of texts, the same whatever their order: 16 hexadecimal digits by FNV-1a of 64 bits over their UTF-16 units. It says
 * whether something changed; it keeps nobody from making two lists with one name.
 */
export function digestOf(texts: readonly string[]): string {
  const hash = new Int32Array([OFFSET_HIGH, OFFSET_LOW]);
  for (const text of texts.toSorted()) {
    mix(hash, text);
    mix(hash, String.fromCharCode(END_OF_TEXT));
  }
  return [...hash].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
}

/**
 * Both bytes of each unit, the lower one first. Integers of 32 bits all the way: the low half is multiplied in two parts of 16, whose products
 * fit; with numbers that do not, or with BigInt, this takes most of a scan's time.
 */
function mix(hash: Int32Array, text: string): void {
  let [high = 0, low = 0] = hash;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    for (let shift = 0; shift < 16; shift += 8) {
      low ^= (unit >> shift) & 0xff;
      const lower = (low & 0xffff) * PRIME_LOW;
      const upper = (low >>> 16) * PRIME_LOW + (lower >>> 16);
      high = (Math.imul(high, PRIME_LOW) + (low << 8) + (upper >>> 16)) | 0;
      low = (upper << 16) | (lower & 0xffff);
    }
  }
  hash[0] = high;
  hash[1] = low;
}
