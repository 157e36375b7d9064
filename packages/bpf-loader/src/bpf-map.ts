import { bpfFault, errnoName, requireArgument } from "./bpf-fault.ts";
import { requireBytes, requireText } from "./checked-arguments.ts";
import { FileDescriptor, type Lender } from "./file-descriptor.ts";
import { nativeLibraries } from "./native.ts";
import { readKeysInBatches } from "./map-batch.ts";
import { readMapInfo } from "./object-info.ts";

const PERCPU_TYPES: ReadonlySet<number> = new Set([5, 6, 10, 21]); // BPF_MAP_TYPE_PERCPU_HASH, _PERCPU_ARRAY, _LRU_PERCPU_HASH, _PERCPU_CGROUP_STORAGE
/** BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_LRU_HASH */
const HASH_TYPES: ReadonlySet<number> = new Set([1, 9]);

/** An eBPF map: keys and values are byte strings of exactly the map's sizes. */
export class BpfMap {
  readonly name: string;
  /** `enum bpf_map_type` (linux/bpf.h). */
  readonly type: number;
  readonly keySize: number;
  /** Bytes that one lookup answers with: for a per-CPU map one value, rounded up to 8, for every possible CPU. */
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly #fd: FileDescriptor;

  private constructor(fd: FileDescriptor, name: string) {
    const info = readMapInfo(fd.number);
    this.#fd = fd;
    this.name = name;
    this.type = info.type;
    this.keySize = info.keySize;
    this.maxEntries = info.maxEntries;
    this.valueSize = PERCPU_TYPES.has(info.type) ? Math.ceil(info.valueSize / 8) * 8 * nativeLibraries().possibleCpus() : info.valueSize;
  }

  /** A map whose descriptor belongs to a BpfObject, and ends with it. */
  static borrow(fd: number, name: string, lender: Lender): BpfMap {
    requireArgument(typeof lender?.isClosed === "boolean", "nobody lends that descriptor");
    return new BpfMap(new FileDescriptor(fd, `map ${name}`, lender), name);
  }

  /** Opens a pinned map. @throws AppError `bpf.enoent` when there is no such pin, `bpf.bad-argument` when it is no map's. */
  static openPinned(path: string): BpfMap {
    requireText(path, "the path of a pinned map");
    const number = nativeLibraries().objectGet(path);
    if (number < 0) throw bpfFault(`pinned map ${path}`, number);
    const fd = new FileDescriptor(number, `map ${path}`);
    try {
      return new BpfMap(fd, path);
    } catch (error) {
      fd.close();
      throw error;
    }
  }

  /** The descriptor, for handing the map to another object. */
  get fd(): number {
    return this.#fd.number;
  }

  /** The value of a key, or undefined when there is none. */
  lookup(key: Buffer): Buffer | undefined {
    this.#checkKey(key);
    const value = Buffer.alloc(this.valueSize);
    const result = nativeLibraries().mapLookup(this.#fd.number, key, value);
    if (result === 0) return value;
    if (errnoName(result) === "ENOENT") return undefined;
    throw bpfFault(`lookup in map ${this.name}`, result);
  }

  /** Sets the value of a key. @throws AppError `bpf.e2big` when a hash map is full. */
  update(key: Buffer, value: Buffer): void {
    this.#checkKey(key);
    this.#checkValue(value);
    const result = nativeLibraries().mapUpdate(this.#fd.number, key, value, 0);
    if (result < 0) throw bpfFault(`update of map ${this.name}`, result);
  }

  /**
   * Sets many values in one system call, in order; what was set before an entry failed stays set.
   * @throws AppError `bpf.e2big` when a hash map is full, `bpf.errno 524` for a kind of map without batches.
   */
  updateAll(entries: readonly (readonly [key: Buffer, value: Buffer])[]): void {
    requireArgument(Array.isArray(entries), `map ${this.name}: entries are no list`);
    if (entries.length === 0) return;
    for (const entry of entries) {
      requireArgument(Array.isArray(entry), `map ${this.name}: an entry is no pair of key and value`);
      this.#checkKey(entry[0]);
      this.#checkValue(entry[1]);
    }
    const count = Buffer.alloc(4);
    count.writeUInt32LE(entries.length);
    const keys = Buffer.concat(entries.map(([key]) => key));
    const values = Buffer.concat(entries.map(([, value]) => value));
    const result = nativeLibraries().mapUpdateBatch(this.#fd.number, keys, values, count, null);
    if (result < 0) throw bpfFault(`update of map ${this.name}, entry ${count.readUInt32LE()} of ${entries.length}`, result);
  }

  /** Removes a key; false when there was none. */
  delete(key: Buffer): boolean {
    this.#checkKey(key);
    const result = nativeLibraries().mapDelete(this.#fd.number, key);
    if (result === 0) return true;
    if (errnoName(result) === "ENOENT") return false;
    throw bpfFault(`delete in map ${this.name}`, result);
  }

  /**
   * All keys. Bounded by the map's size, also when the kernel restarts the walk because of a concurrent delete. Hash maps are read in
   * batches: a full flow table takes a thirtieth of the time that one call per key takes.
   */
  keys(): Buffer[] {
    if (HASH_TYPES.has(this.type)) {
      const keys = readKeysInBatches({
        fd: this.#fd.number,
        keySize: this.keySize,
        valueSize: this.valueSize,
        maxEntries: this.maxEntries,
      });
      if (keys) return keys;
    }
    return this.#walk();
  }

  #walk(): Buffer[] {
    const keys: Buffer[] = [];
    let previous: Buffer | null = null;
    while (keys.length < this.maxEntries) {
      const key: Buffer = Buffer.alloc(this.keySize);
      const result = nativeLibraries().mapNextKey(this.#fd.number, previous, key);
      if (errnoName(result) === "ENOENT") break;
      if (result < 0) throw bpfFault(`walk of map ${this.name}`, result);
      keys.push(key);
      previous = key;
    }
    return keys;
  }

  /** Pins the map, so that it outlives this process. */
  pin(path: string): void {
    requireText(path, "the path of a pin");
    const result = nativeLibraries().objectPin(this.#fd.number, path);
    if (result < 0) throw bpfFault(`pin of map ${this.name} at ${path}`, result);
  }

  /** Closes an opened map; a borrowed one is closed with its object. */
  close(): void {
    this.#fd.close();
  }

  #checkKey(key: Buffer): void {
    requireBytes(key, this.keySize, `map ${this.name}: keys`);
  }

  #checkValue(value: Buffer): void {
    requireBytes(value, this.valueSize, `map ${this.name}: values`);
  }
}
