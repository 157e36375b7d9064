import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { translatedFlowsMax } from "../host-routing/datapath.ts";
import { portBitmap } from "./masquerade-tables.ts";

describe("portBitmap", () => {
  it("has a bit for each port", () => {
    const bitmap = portBitmap([
      { first: 0, last: 0 },
      { first: 8079, last: 8081 },
      { first: 65_535, last: 65_535 },
    ]);
    const set = Array.from({ length: 65_536 }, (_, port) => port).filter((port) => ((bitmap[port >> 3] ?? 0) >> (port & 7)) & 1);
    assert.equal(bitmap.length, 8192);
    assert.deepEqual(set, [0, 8079, 8080, 8081, 65_535]);
  });
});

describe("translatedFlowsMax", () => {
  const GIB = 1024 ** 3;
  const cases: [string, number, number][] = [
    ["a small node", 2 * GIB, 131_072],
    ["4 GiB", 4 * GIB, 131_072],
    ["8 GiB", 8 * GIB, 262_144],
    ["a large node", 256 * GIB, 524_288],
  ];
  for (const [name, memory, flows] of cases) it(`${name}: ${flows}`, () => assert.equal(translatedFlowsMax(memory), flows));
});
