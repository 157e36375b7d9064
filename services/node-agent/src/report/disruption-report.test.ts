import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CanaryObservation } from "../canary/node-canary.ts";
import type { DisruptionObservation } from "../disruption/disruption-meter.ts";
import { disruptionReport } from "./disruption-report.ts";

const silent = { name: "udp-ipv4", longestSilenceMs: 1700, lost: 15, failed: false };

describe("what the status says of a switch", () => {
  const cases: [
    what: string,
    counted: DisruptionObservation | undefined,
    watched: CanaryObservation | undefined,
    expected: ReturnType<typeof disruptionReport>,
  ][] = [
    ["is nothing where nobody measures", undefined, undefined, {}],
    ["is nothing before the first switch", { report: undefined, fault: undefined }, undefined, {}],
    ["is why nothing is counted", { report: undefined, fault: "no program" }, undefined, { disruption: { fault: "no program" } }],
    [
      "is what canaries saw, also where nobody counts",
      undefined,
      { canaries: [silent], fault: "" },
      { disruption: { canaries: [silent], canaryFault: "" } },
    ],
    [
      "is why there is no canary",
      { report: undefined, fault: undefined },
      { canaries: [], fault: "No canary: x" },
      { disruption: { canaries: [], canaryFault: "No canary: x" } },
    ],
  ];
  for (const [what, counted, watched, expected] of cases) it(what, () => assert.deepEqual(disruptionReport(counted, watched), expected));
});
