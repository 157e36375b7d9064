import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { BpfMap, BpfObject, BpfProgram, RingBuffer, type ObjectSettings } from "../../packages/bpf-loader/src/index.ts";
import { compileObject, mountPins } from "./loader/compiled-object.ts";

const EVENTS_LOST = u32(0);
/** 4096 bytes of buffer, and 64 + 8 bytes for each event. */
const EVENTS_THAT_FIT = 56;

describe("objects", () => {
  const compiled = compileObject("loader_test");
  const refused = compileObject("refused");
  const pins = mountPins();
  const objects: BpfObject[] = [];
  const load = (settings?: ObjectSettings): BpfObject => {
    const object = BpfObject.load(compiled.file, settings);
    objects.push(object);
    return object;
  };
  after(() => {
    for (const object of objects) object.close();
    pins.remove();
    compiled.remove();
    refused.remove();
  });

  it("a refused program is reported with the end of the verifier's log", () => {
    assert.throws(() => BpfObject.load(refused.file), {
      code: "bpf.load-refused",
      message: /EACCES.*invalid mem access 'map_value_or_null'/,
    });
  });

  it("names its programs, and leaves out those that it was told to", () => {
    const object = load({ without: ["on_state", "second"] });
    assert.deepEqual(object.programNames(), ["emit", "constants", "on_state", "first", "second"]);
    assert.equal(object.program("first").runPacket(Buffer.alloc(64)).verdict, 1);
    assert.throws(() => object.program("second"), { code: "bpf.enoent" });
    assert.throws(() => load({ without: ["third"] }), { code: "bpf.enoent" });
  });

  it("counts a program's instructions", () => {
    const { instructions, verifiedInstructions } = load().program("first");
    assert.deepEqual({ instructions, verifiedInstructions }, { instructions: 2, verifiedInstructions: 2 });
  });

  it("gives constants their values before the verifier sees them", () => {
    assert.deepEqual(readConstants(load()), { step: 1, limitNs: 0n });
    assert.deepEqual(readConstants(load({ constants: { step: 7, limit_ns: 2n ** 63n } })), { step: 7, limitNs: 2n ** 63n });
    assert.throws(() => load({ constants: { step: 2 ** 32 } }), { code: "bpf.bad-argument" });
    assert.throws(() => load({ constants: { step: -1 } }), { code: "bpf.bad-argument" });
    assert.throws(() => load({ constants: { stride: 1 } }), { code: "bpf.enoent" });
  });

  it("makes a map as large as it was told to, and reports the entry for which there was no room", () => {
    const table = load({ maxEntries: { table: 3 } }).map("table");
    assert.equal(table.maxEntries, 3);
    table.updateAll([1, 2, 3].map((key) => [u32(key), u64(key)]));
    assert.deepEqual(new Set(table.keys().map((key) => key.readUInt32LE())), new Set([1, 2, 3]));
    const two = [5, 6].map((key): [Buffer, Buffer] => [u32(key), u64(key)]);
    assert.throws(() => table.updateAll(two), { code: "bpf.e2big", message: /entry 0 of 2/ });
    assert.throws(() => load({ maxEntries: { tables: 3 } }), { code: "bpf.enoent" });
  });

  it("goes on with a map of an earlier object, content and all, but not with one of another shape", () => {
    const first = load();
    first.map("table").update(u32(4), u64(44));
    first.map("table").pin(`${pins.folder}/table`);
    first.close();
    const pinned = BpfMap.openPinned(`${pins.folder}/table`);
    const second = load({ maps: { table: pinned } });
    assert.deepEqual(second.map("table").lookup(u32(4)), u64(44));
    assert.throws(() => load({ maps: { counts: pinned } }), { code: "bpf.bad-argument", message: /another shape/ });
    pinned.close();
  });

  it("what is pinned under a name is what is opened, or it is refused", () => {
    const object = load();
    object.map("table").pin(`${pins.folder}/a-map`);
    object.program("first").pin(`${pins.folder}/a-program`);
    assert.throws(() => BpfMap.openPinned(`${pins.folder}/a-program`), { code: "bpf.bad-argument" });
    assert.throws(() => BpfProgram.openPinned(`${pins.folder}/a-map`), { code: "bpf.bad-argument" });
  });

  it("maps and programs end with their object", () => {
    const object = load();
    const table = object.map("table");
    const program = object.program("first");
    object.close();
    for (const use of [() => table.lookup(u32(1)), () => program.fd, () => object.map("table")])
      assert.throws(use, { code: "bpf.bad-argument", message: /closed/ });
  });
});

describe("ring buffers", () => {
  const compiled = compileObject("loader_test");
  const object = BpfObject.load(compiled.file);
  after(() => {
    object.close();
    compiled.remove();
  });
  const emit = (count: number): number => {
    const command = Buffer.concat([u32(count), u32(0)]);
    object.program("emit").runSyscall(command);
    return command.readUInt32LE(4);
  };
  const lost = (): bigint => object.map("counts").lookup(EVENTS_LOST)?.readBigUInt64LE() ?? -1n;

  it("hands each event out once and in order; a full one loses and counts them, and holds nobody up", () => {
    const seen: number[] = [];
    const buffer = RingBuffer.open(object.map("events"), (event) => {
      assert.equal(event.length, 64);
      seen.push(event.readUInt32LE());
    });
    assert.equal(buffer.consume(), 0);
    assert.equal(emit(3), 3);
    assert.equal(buffer.consume(), 3);
    assert.equal(emit(100), EVENTS_THAT_FIT);
    assert.equal(lost(), 100n - BigInt(EVENTS_THAT_FIT));
    assert.equal(buffer.consume(), EVENTS_THAT_FIT);
    assert.equal(emit(2), 2);
    assert.equal(buffer.consume(), 2);
    assert.deepEqual(seen, [0, 1, 2, ...Array.from({ length: EVENTS_THAT_FIT }, (_, index) => index), 0, 1]);
    buffer.close();
    buffer.close();
    assert.throws(() => buffer.consume(), { code: "bpf.bad-argument" });
  });

  it("what a receiver throws comes out of consume, and what it did not see comes with the next one", () => {
    const seen: number[] = [];
    let angry = true;
    const buffer: RingBuffer = RingBuffer.open(object.map("events"), (event) => {
      seen.push(event.readUInt32LE());
      if (!angry) return;
      angry = false;
      assert.throws(() => buffer.close(), { code: "bpf.bad-argument" });
      assert.throws(() => buffer.consume(), { code: "bpf.bad-argument" });
      throw new Error("no more");
    });
    emit(3);
    assert.throws(() => buffer.consume(), /no more/);
    assert.equal(buffer.consume(), 2);
    assert.deepEqual(seen, [0, 1, 2]);
    buffer.close();
  });

  it("needs a map of that kind", () => {
    assert.throws(() => RingBuffer.open(object.map("table"), () => undefined), { code: "bpf.bad-argument" });
  });
});

function readConstants(object: BpfObject): { step: number; limitNs: bigint } {
  const answer = Buffer.alloc(16);
  object.program("constants").runSyscall(answer);
  return { limitNs: answer.readBigUInt64LE(0), step: answer.readUInt32LE(8) };
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
