import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Datapath } from "../host-routing/datapath.ts";
import { KERNEL_LAYOUTS } from "../host-routing/kernel-layout.ts";
import { KernelMasquerade } from "./kernel-masquerade.ts";

const SECOND_NS = 1_000_000_000n;

/** A kernel with 3 live flows of 4, of which each collection removes one more. */
function kernel(): { datapath: Datapath; collections: () => number } {
  let collections = 0;
  const tables = {
    hr_nat_in: { maxEntries: 4 },
    hr_masquerade: { lookup: () => Buffer.alloc(KERNEL_LAYOUTS.hr_masquerade.size) },
  };
  const collect = (): object => ({ live: 3, removed: ++collections });
  return { datapath: { collect, maps: tables } as unknown as Datapath, collections: () => collections };
}

describe("KernelMasquerade", () => {
  it("collects at once, then every half minute, and adds up what went", () => {
    let now = 5n * SECOND_NS;
    const { datapath, collections } = kernel();
    const masquerade = new KernelMasquerade(() => now);
    const after = (seconds: bigint): number => ((now += seconds * SECOND_NS), masquerade.collectWhenDue(datapath), collections());
    assert.deepEqual([after(0n), after(29n), after(1n), after(5n), after(25n)], [1, 1, 2, 2, 3]);
    assert.deepEqual(masquerade.observe(datapath), { enabled: false, ports: [], shared: false, live: 3, removed: 6, full: 0.75 });
  });
});
