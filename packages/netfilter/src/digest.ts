const PRIME = 0x100000001b3n;
const OFFSET = 0xcbf29ce484222325n;
const MASK = (1n << 64n) - 1n;

/**
 * A short name for a list of texts, the same whatever their order: 16 hexadecimal digits by FNV-1a of 64 bits over their UTF-16 units. It says
 * whether something changed; it keeps nobody from making two lists with one name.
 */
export function digestOf(texts: readonly string[]): string {
  let hash = OFFSET;
  const mix = (byte: number): void => {
    hash = ((hash ^ BigInt(byte)) * PRIME) & MASK;
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
  return hash.toString(16).padStart(16, "0");
}
