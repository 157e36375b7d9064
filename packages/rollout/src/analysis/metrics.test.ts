import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AnalysisSample, ComparedFigures } from "@hostrouting/domain";
import type { NodeReport } from "../snapshot.ts";
import { METRICS, type NodeView, type ReadOutcome } from "./metrics.ts";
import { viewBefore } from "./sample.ts";

const figures = (changes: Partial<ComparedFigures> = {}): ComparedFigures => ({
  sinceMs: 0,
  tcp: { segments: 1000, retransmitted: 10, resets: 5 },
  noRoute: 1,
  conntrack: { entries: 10, max: 100, dropped: 2 },
  pods: { running: 10, notReady: 0 },
  routing: "a",
  agent: { cpuMs: 100, memoryBytes: 1024 },
  ...changes,
});
const sample = (atMs: number, changes: Partial<ComparedFigures> = {}): AnalysisSample => ({ atMs, figures: figures(changes) });
const probe = (name: string, outcome: "Passed" | "Failed" | "Unknown"): NodeReport["probes"][number] => ({ name, outcome, message: "" });
const report = (changes: Partial<NodeReport>): NodeReport => ({ effectiveMode: "BpfVeth", probes: [], ...changes }) as NodeReport;

function read(name: string, view: Partial<NodeView>): ReadOutcome | undefined {
  const empty: NodeView = { isReady: true, report: undefined, now: undefined, last: undefined, first: undefined };
  return METRICS.find((metric) => metric.name === name)?.read({ ...empty, ...view });
}

describe("metrics", () => {
  const tcp = (segments: number, retransmitted: number, resets: number): Partial<ComparedFigures> => ({
    tcp: { segments, retransmitted, resets },
  });
  const pods = (running: number, notReady: number): Partial<ComparedFigures> => ({ pods: { running, notReady } });
  const cases: readonly [string, string, Partial<NodeView>, ReadOutcome][] = [
    ["effective-mode", "on", { report: report({}) }, { events: 0, per: 1 }],
    ["effective-mode", "on the stack", { report: report({ effectiveMode: "Legacy" }) }, { events: 1, per: 1 }],
    ["effective-mode", "not known", { report: report({ effectiveMode: "Unknown" }) }, "Unknown"],
    ["effective-mode", "no report", {}, "Unknown"],
    ["azure-destinations-denied", "nobody asks", { report: report({ probes: [probe("control", "Passed")] }) }, "NotMeasured"],
    [
      "azure-destinations-denied",
      "one is reached",
      { report: report({ probes: [probe("wireserver-80", "Failed"), probe("metadata-80", "Unknown")] }) },
      { events: 1, per: 2 },
    ],
    [
      "azure-destinations-denied",
      "one cannot be told",
      { report: report({ probes: [probe("wireserver-80", "Passed"), probe("metadata-80", "Unknown")] }) },
      "Unknown",
    ],
    ["name-service", "answers", { report: report({ probes: [probe("wireserver-dns", "Passed")] }) }, { events: 0, per: 1 }],
    ["node-not-ready", "ready", {}, { events: 0, per: 1 }],
    ["node-not-ready", "not ready", { isReady: false }, { events: 1, per: 1 }],
    ["tcp-resets", "grown", { last: sample(1000), now: sample(3000, tcp(1000, 10, 9)) }, { events: 4, per: 2000 }],
    ["tcp-resets", "the agent began anew", { last: sample(1000), now: sample(3000, { sinceMs: 2000 }) }, "Unknown"],
    ["tcp-resets", "fallen", { last: sample(1000), now: sample(3000, tcp(1000, 10, 4)) }, "Unknown"],
    ["tcp-resets", "no sample before", { now: sample(3000) }, "Unknown"],
    ["tcp-resets", "not counted", { last: sample(1000), now: sample(3000, { tcp: undefined }) }, "NotMeasured"],
    ["tcp-retransmissions", "of segments", { last: sample(1000), now: sample(3000, tcp(1100, 15, 5)) }, { events: 5, per: 100 }],
    ["tcp-retransmissions", "no traffic", { last: sample(1000), now: sample(3000) }, { events: 0, per: 1 }],
    ["pods-not-ready", "more than at first", { first: sample(0, pods(10, 1)), now: sample(1, pods(8, 3)) }, { events: 2, per: 8 }],
    ["pods-not-ready", "fewer", { first: sample(0, pods(10, 3)), now: sample(1, pods(10, 1)) }, { events: 0, per: 10 }],
    ["routing-rules", "the same", { first: sample(0), now: sample(1) }, { events: 0, per: 1 }],
    ["routing-rules", "changed", { first: sample(0), now: sample(1, { routing: "b" }) }, { events: 1, per: 1 }],
    ["conntrack-full", "a tenth", { now: sample(1) }, { events: 0.1, per: 1 }],
    ["conntrack-full", "without a limit", { now: sample(1, { conntrack: { entries: 1, max: 0, dropped: 0 } }) }, "NotMeasured"],
    ["nat-full", "not loaded", { now: sample(1) }, "NotMeasured"],
  ];
  for (const [name, what, view, outcome] of cases) it(`${name}: ${what}`, () => assert.deepEqual(read(name, view), outcome));

  it("a node before its switch counts from its agent's beginning, if that was long enough", () => {
    const before = viewBefore(sample(20_000));
    assert.ok(before);
    assert.deepEqual(read("tcp-resets", before), { events: 5, per: 20_000 });
    assert.deepEqual(read("pods-not-ready", before), { events: 0, per: 10 });
    assert.equal(viewBefore(sample(9_999)), undefined);
  });
});
