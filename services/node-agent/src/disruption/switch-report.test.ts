import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { NamespaceEndings } from "./disruption-counters.ts";
import { epochOf, noEndings, type EndingCounts, type Step } from "./disruption-layout.ts";
import { establishedIn, namePods } from "./pod-namespaces.ts";
import { reportSwitch, type SwitchReport } from "./switch-report.ts";

const SECOND = 1_000_000_000n;
const WEB = 11n;
const DATABASE = 12n;
const NODE = 99n;
const PODS = new Map([
  [WEB, "shop/web"],
  [DATABASE, "shop/database"],
]);

const entry = (netns: bigint, at: { number: number; step: Step }, counts: Partial<EndingCounts>): NamespaceEndings => ({
  netns,
  epoch: epochOf(at),
  counts: { ...noEndings(), ...counts },
});

const report = (entries: readonly NamespaceEndings[], flows = 40): SwitchReport =>
  reportSwitch({
    entries,
    state: { number: 2, step: "Confirm", sinceNs: 0n, flows, beforeCount: 6, beforeNs: 600n * SECOND },
    lastStep: "Confirm",
    pods: PODS,
    watchedNs: 12n * SECOND,
    lost: 0,
  });

describe("the report of a switch", () => {
  it("sums its steps, and leaves out other switches and quiet times", () => {
    const { disrupted, disruptionRatio, byReason, step, watchedSeconds, before } = report([
      entry(WEB, { number: 2, step: "On" }, { reset: 3, retransmits: 5 }),
      entry(WEB, { number: 2, step: "Confirm" }, { timeout: 1, connect_failure: 2 }),
      entry(WEB, { number: 2, step: "Steady" }, { reset: 100 }),
      entry(WEB, { number: 1, step: "On" }, { reset: 100 }),
    ]);
    assert.deepEqual(
      { disrupted, disruptionRatio, step, watchedSeconds },
      { disrupted: 4, disruptionRatio: 0.1, step: "Confirm", watchedSeconds: 12 },
    );
    assert.deepEqual(byReason, { reset: 3, timeout: 1, connectFailure: 2, retransmit: 5 });
    assert.deepEqual(before, { disrupted: 6, seconds: 600 });
  });

  it("does not blame pods for what is in no pod's namespace", () => {
    const { disrupted, unattributed, byPod } = report([entry(NODE, { number: 2, step: "On" }, { reset: 2, timeout: 1 })]);
    assert.deepEqual({ disrupted, unattributed, byPod }, { disrupted: 0, unattributed: 3, byPod: [] });
  });

  it("names the pods that were disturbed, most disturbed first, and ten at most", () => {
    const at = { number: 2, step: "On" } as const;
    const { byPod } = report([
      entry(WEB, at, { reset: 1 }),
      entry(DATABASE, at, { timeout: 2, connect_failure: 4 }),
      entry(DATABASE, { number: 2, step: "Confirm" }, { reset: 1 }),
    ]);
    assert.deepEqual(byPod, [
      { pod: "shop/database", reset: 1, timeout: 2, connectFailure: 4 },
      { pod: "shop/web", reset: 1, timeout: 0, connectFailure: 0 },
    ]);
    const many = new Map(Array.from({ length: 30 }, (_, index) => [BigInt(index + 1), `shop/pod-${index}`]));
    const crowded = reportSwitch({
      entries: [...many.keys()].map((netns) => entry(netns, at, { reset: 1 })),
      state: { number: 2, step: "On", sinceNs: 0n, flows: 0, beforeCount: 0, beforeNs: 0n },
      lastStep: "On",
      pods: many,
      watchedNs: 0n,
      lost: 0,
    });
    assert.equal(crowded.byPod.length, 10);
    assert.equal(crowded.disrupted, 30);
  });

  it("has a ratio of one at most, also when all flows came after the switch began", () => {
    const lostFive = [entry(WEB, { number: 2, step: "On" }, { reset: 5 })];
    assert.equal(report(lostFive, 0).disruptionRatio, 1);
    assert.equal(report([], 0).disruptionRatio, 0);
    assert.equal(report(lostFive, 4).disruptionRatio, 1);
  });
});

describe("the gauge of established connections", () => {
  const cases: [what: string, text: string, expected: number][] = [
    ["is found by its name", "Ip: A B\nIp: 1 2\nTcp: MaxConn ActiveOpens CurrEstab InSegs\nTcp: -1 5 17 9\n", 17],
    ["is nothing where there is no such name", "Tcp: MaxConn\nTcp: -1\n", 0],
    ["is nothing in an empty text", "", 0],
  ];
  for (const [what, text, expected] of cases) it(what, () => assert.equal(establishedIn(text), expected));
});

describe("whose a namespace is", () => {
  const known = new Map([[WEB, "shop/web"]]);
  const cases: [what: string, found: { cookie: bigint; pod: string }[], expected: [bigint, string][]][] = [
    [
      "is still known when it is gone",
      [{ cookie: DATABASE, pod: "shop/database" }],
      [
        [WEB, "shop/web"],
        [DATABASE, "shop/database"],
      ],
    ],
    ["is what was found last", [{ cookie: WEB, pod: "shop/other" }], [[WEB, "shop/other"]]],
    [
      "is not known where two have one pod's address",
      [
        { cookie: DATABASE, pod: "shop/web" },
        { cookie: NODE, pod: "shop/web" },
      ],
      [[WEB, "shop/web"]],
    ],
  ];
  for (const [what, found, expected] of cases) it(what, () => assert.deepEqual([...namePods(known, found)], expected));
});
