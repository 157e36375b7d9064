/** The namespace of `guid()`: "String functions for ARM templates", guid. */
const ARM_NAMESPACE = "11fb06fb-712d-4ddd-98c7-e71bbd588830";
const BLOCK_BYTES = 64;

/** `guid()`: the same for the same texts; a UUID of version 5 of them, joined by hyphens. */
export function armGuid(texts: readonly string[]): string {
  return nameGuid(ARM_NAMESPACE, texts.join("-"));
}

/** A UUID of version 5 (RFC 9562, 5.5): the SHA-1 of a namespace and a name. */
export function nameGuid(namespace: string, name: string): string {
  const space = (namespace.replaceAll("-", "").match(/../g) ?? []).map((hex) => Number.parseInt(hex, 16));
  const text = new TextEncoder().encode(name);
  const bytes = new Uint8Array(space.length + text.length);
  bytes.set(space);
  bytes.set(text, space.length);
  const digest = sha1(bytes).subarray(0, 16);
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x50;
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** SHA-1 (RFC 3174). Of our own because nothing pure imports Node's modules; it names things and protects nothing. */
function sha1(message: Uint8Array): Uint8Array {
  const blocks = Math.ceil((message.length + 9) / BLOCK_BYTES);
  const padded = new Uint8Array(blocks * BLOCK_BYTES);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(padded.length - 8, BigInt(message.length) * 8n);
  const state = new Uint32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0]);
  for (let block = 0; block < padded.length; block += BLOCK_BYTES) mixBlock(state, view, block);
  const digest = new DataView(new ArrayBuffer(20));
  state.forEach((word, index) => digest.setUint32(index * 4, word));
  return new Uint8Array(digest.buffer);
}

function mixBlock(state: Uint32Array, view: DataView, at: number): void {
  const words = new Uint32Array(80);
  for (let index = 0; index < 16; index++) words[index] = view.getUint32(at + index * 4);
  const word = (index: number): number => words[index] ?? 0;
  for (let index = 16; index < 80; index++)
    words[index] = rotate(word(index - 3) ^ word(index - 8) ^ word(index - 14) ^ word(index - 16), 1);
  let [a = 0, b = 0, c = 0, d = 0, e = 0] = state;
  for (let index = 0; index < 80; index++) {
    const round = Math.floor(index / 20);
    const choice = round === 0 ? (b & c) | (~b & d) : round === 2 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
    const sum = (rotate(a, 5) + choice + e + (ROUND_CONSTANTS[round] ?? 0) + word(index)) >>> 0;
    [a, b, c, d, e] = [sum, a, rotate(b, 30), c, d];
  }
  [a, b, c, d, e].forEach((value, index) => {
    state[index] = (state[index] ?? 0) + value;
  });
}

const ROUND_CONSTANTS = [0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6];

function rotate(value: number, bits: number): number {
  return ((value << bits) | (value >>> (32 - bits))) >>> 0;
}
