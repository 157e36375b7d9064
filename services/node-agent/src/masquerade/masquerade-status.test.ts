import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { MasqueradeDecision } from "./decide-masquerade.ts";
import { masqueradeStatus, type MasqueradeReport } from "./masquerade-status.ts";

const decision: MasqueradeDecision = {
  wish: undefined,
  config: {
    config: { ranges: ["10.0.0.0/8"], linkLocal: false, linkLocalV6: true },
    digest: "0123456789abcdef",
    validity: { status: "True", reason: "Read", message: "" },
  },
  why: [],
};
const shown = { enabled: true, ports: [{ first: 1024, last: 29_999 }], shared: false, live: 7, removed: 3, full: 0.1 };

describe("masqueradeStatus", () => {
  it("says what is", () =>
    assert.deepEqual(masqueradeStatus({ decision, shown, on: true, exhausted: 2 }), {
      state: "Active",
      message: "",
      configDigest: "0123456789abcdef",
      ranges: 2,
      ports: ["1024-29999"],
      live: 7,
      exhausted: 2,
    }));

  const cases: [string, Partial<MasqueradeReport>, object][] = [
    ["not switched on", { on: false }, { state: "Off" }],
    ["nothing loaded", { shown: undefined }, { state: "Off", live: 0, ports: [] }],
    ["off in the kernel", { shown: { ...shown, enabled: false } }, { state: "Off" }],
    [
      "one family",
      { decision: { ...decision, why: ["This node has no rules that masquerade IPv6."] } },
      { state: "Degraded", message: "This node has no rules that masquerade IPv6." },
    ],
    ["79 % full", { shown: { ...shown, full: 0.799 } }, { state: "Active" }],
    ["80 % full", { shown: { ...shown, full: 0.8 } }, { state: "Degraded", message: "The table of translated flows is 80 % full." }],
    ["shared ports", { shown: { ...shown, shared: true } }, { state: "Degraded" }],
    [
      "an invalid configuration",
      { decision: { ...decision, config: { ...decision.config, validity: { status: "False", reason: "Invalid", message: "x" } } } },
      { state: "Degraded", message: "The configuration is invalid, the last valid one counts." },
    ],
  ];
  for (const [name, changes, expected] of cases)
    it(`says ${(expected as { state: string }).state} of ${name}`, () =>
      assert.partialDeepStrictEqual(masqueradeStatus({ decision, shown, on: true, exhausted: 0, ...changes }), expected));
});
