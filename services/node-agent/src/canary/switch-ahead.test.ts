import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Desired } from "../host-routing/node-datapath.ts";
import { switchAhead } from "./switch-ahead.ts";

const on: Desired = {
  kind: "on",
  generation: 7,
  confirmMs: 1000,
  confirmed: false,
  ranges: { podRanges: [], ownRanges: [], serviceRanges: [] },
};
const off: Desired = { kind: "off", atOnce: false };
const shows = (mode: "Off" | "On" | "Drain", generation = 7, missed = false) => ({ mode, generation, missed });

describe("the switch ahead", () => {
  const cases: [what: string, desired: Desired, control: ReturnType<typeof shows> | undefined, expected: "On" | "Drain" | undefined][] = [
    ["is on where nothing is loaded", on, undefined, "On"],
    ["is on for another generation", on, shows("On", 6), "On"],
    ["is on where a drain is called back", on, shows("Drain"), "On"],
    ["is none when it is on", on, shows("On"), undefined],
    ["is none for an order that was not confirmed in time", on, shows("Off", 7, true), undefined],
    ["is a drain when off is wanted and it is on", off, shows("On"), "Drain"],
    ["is a drain when that is ordered", { kind: "drain" }, shows("On"), "Drain"],
    ["is none while it drains", off, shows("Drain"), undefined],
    ["is none where nothing is loaded and nothing wanted", off, undefined, undefined],
    ["is none that could be watched when all ends at once", { kind: "off", atOnce: true }, shows("On"), undefined],
    ["is none while nothing is known", { kind: "leave" }, shows("On"), undefined],
  ];
  for (const [what, desired, control, expected] of cases) it(what, () => assert.equal(switchAhead(desired, control), expected));
});
