/** The prime of FNV-1a for 64 bits is 2^40 and this. The Fowler/Noll/Vo hash, draft-eastlake-fnv. */
const PRIME_LOW = 0x1b3;
const OFFSET_HIGH = 0xcbf29ce4;
const OFFSET_LOW = 0x84222325;
const HALF = 2 ** 32;

/**
 * A short name for a list of texts, the same whatever their order: 16 hexadecimal digits by FNV-1a of 64 bits over their UTF-16 units. It says
 * whether something changed; it keeps nobody from making two lists with one name.
 */
export function digestOf(texts: readonly string[]): string {
  let high = OFFSET_HIGH;
  let low = OFFSET_LOW;
  // Two halves of 32 bits: products of a half and the prime's low part are exact as numbers, and BigInt takes ten times as long.
  const mix = (byte: number): void => {
    low = (low ^ byte) >>> 0;
    const product = low * PRIME_LOW;
    const carry = Math.floor(product / HALF);
    high = (((high * PRIME_LOW + carry) % HALF) + ((low << 8) >>> 0)) >>> 0;
    low = product >>> 0;
  };
  for (const text of texts.toSorted()) {
    for (let at = 0; at < text.length; at += 1) {
      const unit = text.charCodeAt(at);
      mix(unit & 0xff);
      mix(unit >> 8);
    }
    // A sign that texts do not hold: "ab" and "c" are not "a" and "bc".
    mix(0xff);
    mix(0xff);
  }
  return [high, low].map((half) => half.toString(16).padStart(8, "0")).join("");
}
