import { errnoName } from "./bpf-fault.ts";
import { nativeLibraries } from "./native.ts";

/** Keys per system call: with values of 32 bytes and keys of 40 some 300 KiB. */
const BATCH_KEYS = 4096;
/** Hash maps keep their place in a bucket number; other kinds in a key. */
const PLACE_BYTES_MIN = 4;

/** A hash map as far as a walk needs it. Sizes in bytes. */
export type BatchedMap = { readonly fd: number; readonly keySize: number; readonly valueSize: number; readonly maxEntries: number };

/**
 * All keys of a hash map (BPF_MAP_LOOKUP_BATCH, Linux 5.6). Undefined where the kernel cannot: an unknown command, or a bucket with more
 * entries than a batch has places.
 */
export function readKeysInBatches({ fd, keySize, valueSize, maxEntries }: BatchedMap): Buffer[] | undefined {
  const size = Math.min(BATCH_KEYS, maxEntries);
  const [keys, values, count] = [Buffer.alloc(size * keySize), Buffer.alloc(size * valueSize), Buffer.alloc(4)];
  const found: Buffer[] = [];
  let place: Buffer | null = null;
  while (found.length < maxEntries) {
    const next: Buffer = Buffer.alloc(Math.max(keySize, PLACE_BYTES_MIN));
    count.writeUInt32LE(size);
    const result = nativeLibraries().mapLookupBatch(fd, place, next, keys, values, count, null);
    const isLast = errnoName(result) === "ENOENT";
    if (result < 0 && !isLast) return undefined;
    const batch = Buffer.from(keys.subarray(0, count.readUInt32LE() * keySize));
    for (let at = 0; at < batch.length; at += keySize) found.push(batch.subarray(at, at + keySize));
    if (isLast) break;
    place = next;
  }
  return found;
}
