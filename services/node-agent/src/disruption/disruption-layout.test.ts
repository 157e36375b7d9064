import assert from "node:assert/strict";
import path from "node:path";
import { describe, it } from "node:test";
import { HeaderTypes } from "../../../../infra/dev/header-types.ts";
import {
  addEndings,
  decodeEndings,
  decodeState,
  DISRUPTION_LAYOUTS,
  encodeState,
  epochOf,
  noEndings,
  stepOf,
  STEPS,
  STEPS_PER_SWITCH,
  type SwitchState,
} from "./disruption-layout.ts";

const HEADER = path.join(import.meta.dirname, "../../../../bpf/shared/disruption.h");

describe("layouts of the disruption counters", () => {
  const types = HeaderTypes.read({ header: HEADER, structs: Object.keys(DISRUPTION_LAYOUTS), enums: ["hd_step"] });

  for (const [name, layout] of Object.entries(DISRUPTION_LAYOUTS))
    it(`${name} is where the compiler puts it`, () => assert.deepEqual(types.differences(name, layout), []));

  it("steps have the header's numbers", () => {
    const ours = Object.entries(STEPS).map(([step, value]) => [`HD_STEP_${step.toUpperCase()}`, value]);
    assert.deepEqual({ ...Object.fromEntries(ours), HD_STEP_MAX: STEPS_PER_SWITCH }, types.enumValues("hd_step"));
  });
});

describe("what crosses to the kernel", () => {
  it("a switch's state comes back as it went", () => {
    const state: SwitchState = { number: 7, step: "Drain", sinceNs: 2n ** 60n, flows: 12, beforeCount: 3, beforeNs: 600_000_000_000n };
    assert.deepEqual(decodeState(encodeState(state)), state);
  });

  it("epochs of two switches or two steps differ, and tell which they are", () => {
    assert.equal(epochOf({ number: 2, step: "On" }), 17);
    assert.deepEqual(stepOf(20), { number: 2, step: "Detach" });
    assert.deepEqual(stepOf(23), { number: 2, step: "Steady" });
  });

  it("counters are read by their places and added", () => {
    const bytes = Buffer.alloc(80);
    bytes.writeBigUInt64LE(5n, 16);
    bytes.writeBigUInt64LE(9n, 72);
    const counts = { ...noEndings(), reset: 5, resets_received: 9 };
    assert.deepEqual(decodeEndings(bytes), counts);
    assert.deepEqual(addEndings(counts, counts), { ...noEndings(), reset: 10, resets_received: 18 });
  });
});
