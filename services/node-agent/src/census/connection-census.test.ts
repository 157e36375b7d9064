import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConnectionCensus, isCensusNews, type Census, type CensusOptions } from "./connection-census.ts";

const POD = { name: "shop/cart", addresses: ["10.244.1.5"], hostNetwork: false };
const HOST = { name: "kube-system/proxy", addresses: ["10.0.0.4"], hostNetwork: true };

type Look = { pods: ReturnType<CensusOptions["pods"]>; established?: number };

/** What is said after each look, five seconds apart. */
function play(looks: readonly Look[]): Census[] {
  let at = 0;
  const look = (): Look => looks[at] ?? { pods: undefined };
  const census = new ConnectionCensus({
    pods: () => look().pods,
    read: (owners) => {
      const { established } = look();
      return established === undefined ? [] : [...owners.values()].map((pod) => ({ cookie: 7n, pod, established }));
    },
    monotonicMs: () => at * 5_000,
    now: () => Date.parse("2026-01-01T00:00:00Z") + at * 5_000,
  });
  return looks.map((_, index) => {
    at = index;
    return census.observe();
  });
}

describe("what the agent says of its pods' connections", () => {
  const steady = (length: number): Look[] => Array.from({ length }, () => ({ pods: [POD, HOST], established: 12 }));

  it("is unknown until pods are listed, and for 30 s after", () => {
    const said = play([{ pods: undefined }, ...steady(7)]);
    assert.deepEqual(new Set(said.slice(0, 7).map(({ state }) => state)), new Set(["Unknown"]));
    assert.equal(said[0]?.message, "The node's pods have not been listed yet.");
    assert.deepEqual(said[7], {
      state: "Known",
      message: "",
      established: 12,
      longLived: 12,
      uncountedPods: 0,
      observedAt: "2026-01-01T00:00:35.000Z",
    });
  });

  it("begins anew when nothing could be read", () => {
    const said = play([...steady(7), { pods: [POD] }, ...steady(1)]);
    assert.equal(said[6]?.state, "Known");
    assert.deepEqual(said[7], { state: "Unknown", message: "No pod's network namespace can be read." });
    assert.equal(said[8]?.state, "Unknown");
  });

  it("is nothing where no pod has a network of its own", () => {
    const said = play(Array.from({ length: 7 }, () => ({ pods: [HOST] })));
    assert.deepEqual([said[6]?.state, said[6]?.longLived], ["Known", 0]);
  });
});

describe("whether a count is news", () => {
  const known = (longLived: number): Census => ({ state: "Known", longLived });
  const unknown: Census = { state: "Unknown" };
  const cases: [what: string, told: Census | undefined, seen: Census, sinceMs: number, isWaiting: boolean, expected: boolean][] = [
    ["the first one", undefined, unknown, 0, false, true],
    ["known at last", unknown, known(0), 0, false, true],
    ["the same", known(4), known(4), 60_000, true, false],
    ["a little less", known(100), known(60), 60_000, true, false],
    ["less than half", known(100), known(49), 60_000, true, true],
    ["gone", known(1), known(0), 10_000, true, true],
    ["gone, but told just now", known(1), known(0), 9_999, true, false],
    ["gone, where nobody waits", known(1), known(0), 60_000, false, false],
  ];
  for (const [what, told, seen, sinceMs, isWaiting, expected] of cases)
    it(what, () => assert.equal(isCensusNews(told, seen, { sinceMs, isWaiting }), expected));
});
