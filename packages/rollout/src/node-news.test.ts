import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { as, type Instant, type NodeNews, type NodePhase, type NodeRollout } from "@hostrouting/domain";
import { keptByBudgets, withNodeNews } from "./node-news.ts";
import { Simulation } from "./simulate.ts";
import type { NodeObservation, NodeReport } from "./snapshot.ts";
import type { WaitDraft } from "./waits.ts";

const MINUTE_MS = 60_000;
const at = (minutes: number): Instant => as<Instant>(minutes * MINUTE_MS);

/** A record whose phase began a minute ago, with the reason and message of its problem. */
function record(phase: NodePhase, problem?: [reason: string, message: string], news?: readonly NodeNews[]): NodeRollout {
  const [reason = "", message = ""] = problem ?? [];
  return {
    node: "n1",
    uid: "u",
    phase,
    since: at(99),
    ...(problem && { problem: { reason, message } }),
    ...(news && { news }),
  } as NodeRollout;
}

const seen = (report: Partial<NodeReport> = {}): NodeObservation =>
  ({ uid: "u", bootId: "b", report: { nodeUID: "u", bootID: "b", effectiveMode: "BpfVeth", ...report } }) as NodeObservation;
const disruption = { flowsAtSwitch: 48, disrupted: 2 } as NonNullable<NodeReport["disruption"]>;
const kept: WaitDraft = { reason: "PodDisruptionBudget", subject: "n1", message: "shop/cart keeps shop/cart-1." };
const told = (minutes: number, key = kept.message): NodeNews => {
  return { reason: "DrainBlocked", key, note: "first", count: 1, firstAt: at(minutes), lastAt: at(minutes) };
};

type Case = {
  before?: NodeRollout;
  after: NodeRollout;
  waits?: readonly WaitDraft[];
  report?: Partial<NodeReport>;
  expected: readonly string[];
};

/** Each at minute 100. */
const cases: Readonly<Record<string, Case>> = {
  "nothing of a node that is new": { after: record("Pending"), expected: [] },
  "nothing of what goes on": { before: record("Switching"), after: record("Verifying"), expected: [] },
  "a budget that keeps a pod": {
    before: record("Draining"),
    after: record("Draining"),
    waits: [kept],
    expected: ["DrainBlocked ×1 100–100: The node is being drained, and a PodDisruptionBudget keeps a pod: shop/cart keeps shop/cart-1."],
  },
  "no budget of another node": { after: record("Draining"), waits: [{ ...kept, subject: "n2" }], expected: [] },
  "a budget once for each drain": {
    after: record("Draining", undefined, [told(99.5)]),
    waits: [{ ...kept, message: "shop/cart keeps shop/cart-2." }],
    expected: ["DrainBlocked ×1 99.5–99.5: first"],
  },
  "the same budget in the next drain as one series": {
    after: record("Draining", undefined, [told(90)]),
    waits: [kept],
    expected: ["DrainBlocked ×2 90–100: first"],
  },
  "anew after a long rest": {
    after: record("Draining", undefined, [told(55)]),
    waits: [kept],
    expected: ["DrainBlocked ×1 100–100: The node is being drained, and a PodDisruptionBudget keeps a pod: shop/cart keeps shop/cart-1."],
  },
  "a drain that was given up, also after it was told that it is blocked": {
    before: record("Draining"),
    after: record("Failed", ["DrainBlocked", "The node could not be drained in time: shop/cart keeps shop/cart-1."], [told(99.5)]),
    expected: [
      "DrainBlocked ×1 99.5–99.5: first",
      "DrainBlocked ×1 100–100: The node could not be drained in time: shop/cart keeps shop/cart-1.",
    ],
  },
  "nothing again while it stays given up": {
    before: record("Failed", ["DrainBlocked", ""]),
    after: record("Failed", ["DrainBlocked", ""]),
    expected: [],
  },
  "a failed verification, and that it is switched back": {
    before: record("Verifying"),
    after: record("Detaching", ["VerificationFailed", "probe self-test: Failed"]),
    report: { disruption },
    expected: [
      "VerificationFailed ×1 100–100: The node was switched, and nothing proves that it routes by eBPF: probe self-test: Failed.",
      "ConnectionDisruptionExpected ×1 100–100: Host routing is about to be switched off here. At its last switch its pods had 48 TCP connections, of which 2 broke.",
    ],
  },
  "nothing again while it lets go": {
    before: record("Detaching", ["VerificationFailed", ""]),
    after: record("Detaching", ["VerificationFailed", ""]),
    expected: [],
  },
  "no verification of another failure": {
    before: record("Switching"),
    after: record("Detaching", ["SwitchTimeout", ""]),
    report: { effectiveMode: "Legacy" },
    expected: [],
  },
  "a switch, before anybody has counted": {
    before: record("Installing"),
    after: record("Switching"),
    expected: [
      "ConnectionDisruptionExpected ×1 100–100: Host routing is about to be switched on here. How many connections its pods have is counted when it is switched.",
    ],
  },
  "a switch, and how many connections are there": {
    before: record("Installing"),
    after: record("Switching"),
    report: { disruption, census: { state: "Known", longLived: 12, message: "" } },
    expected: [
      "ConnectionDisruptionExpected ×1 100–100: Host routing is about to be switched on here. At most 12 TCP connections of its pods are older than 30 s. At its last switch its pods had 48 TCP connections, of which 2 broke.",
    ],
  },
  "no figures of an earlier boot": {
    before: record("Installing"),
    after: record("Switching"),
    report: { bootID: "earlier", disruption },
    expected: [
      "ConnectionDisruptionExpected ×1 100–100: Host routing is about to be switched on here. How many connections its pods have is counted when it is switched.",
    ],
  },
};

describe("what a rollout tells of a node", () => {
  for (const [what, { before, after, waits = [], report, expected }] of Object.entries(cases))
    it(what, () => {
      const { news = [] } = withNodeNews(
        { record: after, seen: seen(report) },
        { before, keptBy: keptByBudgets(waits).get(after.node), now: at(100) },
      );
      assert.deepEqual(
        news.map(({ reason, count, firstAt, lastAt, note }) => `${reason} ×${count} ${firstAt / MINUTE_MS}–${lastAt / MINUTE_MS}: ${note}`),
        expected,
      );
    });

  it("leaves a record of which there is no news as it is, and forgets what is old", () => {
    const still = record("Enabled", undefined, [told(99)]);
    const context = { before: still, keptBy: undefined, now: at(100) };
    assert.equal(withNodeNews({ record: still, seen: seen() }, context), still);
    assert.ok(!("news" in withNodeNews({ record: record("Enabled", undefined, [told(55)]), seen: seen() }, context)));
  });

  it("keeps the newest eight", () => {
    const many = Array.from({ length: 8 }, (_, n) => told(90 + n, `k${n}`));
    const { news = [] } = withNodeNews(
      { record: record("Draining", undefined, many), seen: seen() },
      { before: undefined, keptBy: kept.message, now: at(100) },
    );
    assert.deepEqual([news.length, news[0]?.key, news.at(-1)?.key], [8, "k1", kept.message]);
  });

  it("is recorded with the round that decides it", () => {
    const simulation = new Simulation({ attemptsMax: 1 });
    simulation.addNode("n1").broken = true;
    simulation.request("BpfVeth");
    for (let round = 0; round < 60; round += 1) simulation.step();
    assert.deepEqual(
      simulation.records.flatMap(({ news = [] }) => news.map(({ reason, count }) => `${reason} ×${count}`)),
      ["ConnectionDisruptionExpected ×1", "VerificationFailed ×1", "ConnectionDisruptionExpected ×1"],
    );
  });
});
