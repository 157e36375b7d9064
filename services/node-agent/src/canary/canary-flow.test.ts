import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CanaryFlow, type CanaryResult } from "./canary-flow.ts";

const EVERY_MS = 100;

/** Ticks at 0, 100, 200 … up to `untilMs`; pings sent at times that `isAnswered` accepts are answered after 1 ms. */
function watch(untilMs: number, isAnswered: (atMs: number) => boolean, flow = new CanaryFlow("udp-ipv4", EVERY_MS)): CanaryFlow {
  for (let at = 0; at <= untilMs; at += EVERY_MS) {
    const number = flow.tick(at);
    if (number !== undefined && isAnswered(at)) flow.answered(number, at + 1);
  }
  return flow;
}

describe("a canary flow", () => {
  const cases: [what: string, flow: CanaryFlow, expected: Omit<CanaryResult, "name">][] = [
    [
      "that is always answered is silent between two pings only",
      watch(3000, () => true),
      { longestSilenceMs: 100, lost: 0, failed: false },
    ],
    [
      "whose path is cut for 1.5 s says how long it was silent, and what it lost",
      watch(5000, (at) => at < 1000 || at >= 2500),
      { longestSilenceMs: 1600, lost: 15, failed: false },
    ],
    ["that is still silent counts until now", watch(3000, (at) => at < 1000), { longestSilenceMs: 2099, lost: 10, failed: false }],
    ["that was never answered was never silent", watch(900, () => false), { longestSilenceMs: 0, lost: 0, failed: false }],
  ];
  for (const [what, flow, expected] of cases) it(what, () => assert.deepEqual(flow.result(), { name: "udp-ipv4", ...expected }));

  it("does not take this process's own pause for silence", () => {
    const flow = watch(1000, () => true);
    const number = flow.tick(4000);
    assert.equal(number, 12);
    flow.answered(12, 4001);
    assert.deepEqual(flow.result(), { name: "udp-ipv4", longestSilenceMs: 100, lost: 0, failed: false });
  });

  it("does not take this process's own pause for silence when the answer is read before the clock", () => {
    const flow = watch(900, () => true);
    flow.answered(flow.tick(1000) ?? 0, 4000);
    flow.answered(flow.tick(4001) ?? 0, 4002);
    assert.deepEqual(flow.result(), { name: "udp-ipv4", longestSilenceMs: 199, lost: 0, failed: false });
  });

  it("is alive from its first answer until it breaks, and sends no more then", () => {
    const flow = new CanaryFlow("tcp-ipv4", EVERY_MS);
    assert.equal(flow.alive, false);
    flow.answered(flow.tick(0) ?? 0, 1);
    assert.equal(flow.alive, true);
    flow.broke();
    assert.deepEqual(
      { alive: flow.alive, next: flow.tick(100), failed: flow.result().failed },
      { alive: false, next: undefined, failed: true },
    );
  });

  it("takes no answer to what it never sent", () => {
    const flow = watch(0, () => false);
    for (const number of [0, 2, 4_000_000_000]) flow.answered(number, 1);
    assert.equal(flow.answers, 0);
  });
});
