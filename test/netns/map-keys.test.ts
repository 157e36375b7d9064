import assert from "node:assert/strict";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { BpfObject, type BpfMap } from "@hostrouting/bpf-loader";
import { kernelPrefix } from "../../services/node-agent/src/host-routing/kernel-address.ts";

const OBJECT = path.join(import.meta.dirname, "../../bpf/build/host_routing.bpf.o");
/** Odd, so that keys spread over a table's buckets. */
const STEP = 40_503;

describe("the keys of a map", () => {
  let object: BpfObject;
  before(() => (object = BpfObject.load(OBJECT)));
  after(() => object.close());

  const fill = (map: BpfMap, entries: number): string[] =>
    Array.from({ length: entries }, (_, index) => {
      const key = Buffer.alloc(map.keySize);
      key.writeUInt32LE(Math.imul(index, STEP) >>> 0);
      map.update(key, Buffer.alloc(map.valueSize));
      return key.toString("hex");
    });
  const read = (map: BpfMap): string[] => map.keys().map((key) => key.toString("hex"));

  it("of a hash table are all there, whether it is empty, full, or has exactly one", () => {
    const map = object.map("hr_endpoints");
    assert.deepEqual(read(map), []);
    const [first] = fill(map, 1);
    assert.deepEqual(read(map), [first]);
    const written = fill(map, map.maxEntries);
    assert.deepEqual(read(map).sort(), written.sort());
    for (const key of map.keys()) map.delete(key);
    assert.deepEqual(read(map), []);
  });

  it("of a table that forgets come in more than one batch, each once", () => {
    const map = object.map("hr_flows");
    const written = new Set(fill(map, 20_000));
    const found = read(map);
    assert.equal(new Set(found).size, found.length);
    assert.ok(found.every((key) => written.has(key)));
    assert.ok(found.length > 19_000, `${found.length} of 20000`);
  });

  it("of other kinds are walked", () => {
    assert.deepEqual(read(object.map("hr_control")), ["00000000"]);
    const ranges = object.map("hr_ranges");
    const prefixes = ["10.0.0.0/8", "fd00::/48"].map(kernelPrefix);
    for (const prefix of prefixes) ranges.update(prefix, Buffer.alloc(ranges.valueSize));
    assert.deepEqual(read(ranges).sort(), prefixes.map((prefix) => prefix.toString("hex")).sort());
  });
});
