import assert from "node:assert/strict";
import { test } from "node:test";
import type { KindStats, RunStats } from "./demo/traffic-contract.ts";
import { judgeTraffic, metTimeWait, stoodStill } from "./judge-traffic.ts";

const fine: KindStats = {
  attempted: 9,
  ok: 9,
  failed: 0,
  reset: 0,
  stalledOver1s: 0,
  maxLatencyMs: 4,
  longestSilenceMs: 0,
  sent: 0,
  lost: 0,
};
const late: KindStats = { ...fine, stalledOver1s: 3, maxLatencyMs: 1_200 };
const quiet = { clientPauseMs: 15, serverPauseMs: 20, retransmissions: { syn: 0, timeouts: 0, resetsSent: 0 } };
const paused = { ...quiet, clientPauseMs: 600 };

const run = (one: KindStats, circumstances: Pick<RunStats, "clientPauseMs" | "serverPauseMs" | "retransmissions">): RunStats => ({
  running: false,
  elapsedMs: 1,
  errors: [],
  kinds: { "new/pod-other/v4": one },
  ...circumstances,
});

const cases: readonly (readonly [string, RunStats, number | undefined, readonly [harmed: number, late: number]])[] = [
  ["a good run has nothing", run(fine, quiet), 500, [0, 0]],
  ["a failure is harm, whatever the machine did", run({ ...fine, failed: 1, ok: 8 }, paused), undefined, [1, 0]],
  ["a kind that never began is harm", run({ ...fine, attempted: 0, ok: 0 }, quiet), undefined, [1, 0]],
  ["late on a quiet machine", run(late, quiet), undefined, [0, 1]],
  ["late by a pause of the client, nothing sent again", run(late, paused), undefined, [0, 0]],
  ["late by more than the pauses", run({ ...late, maxLatencyMs: 1_300 }, paused), undefined, [0, 1]],
  [
    "a lost SYN counts, whatever the machine did",
    run(late, { ...paused, retransmissions: { syn: 1, timeouts: 0, resetsSent: 0 } }),
    undefined,
    [0, 1],
  ],
  ["a time-out counts too", run(late, { ...paused, retransmissions: { syn: 0, timeouts: 1, resetsSent: 0 } }), undefined, [0, 1]],
  ["a stricter limit", run({ ...fine, maxLatencyMs: 600 }, quiet), 500, [0, 1]],
];

for (const [name, stats, limit, expected] of cases)
  test(name, () => {
    const judged = judgeTraffic(stats, limit);
    assert.deepEqual([judged.harmed.length, judged.late.length], expected);
  });

test("a machine stands still from a fifth of a second on", () => {
  assert.deepEqual(
    [stoodStill(run(fine, quiet)), stoodStill(run(fine, paused)), stoodStill(run(fine, { ...quiet, serverPauseMs: 200 }))],
    [false, true, true],
  );
});

const again: readonly (readonly [string, RunStats["retransmissions"], boolean])[] = [
  ["nothing was sent again", { syn: 0, timeouts: 0, resetsSent: 2 }, false],
  ["a reset for each SYN that was sent again", { syn: 2, timeouts: 2, resetsSent: 2 }, true],
  ["one SYN was lost", { syn: 3, timeouts: 3, resetsSent: 2 }, false],
  ["something else was lost", { syn: 1, timeouts: 3, resetsSent: 2 }, false],
];

for (const [name, retransmissions, expected] of again)
  test(`a server's TIME_WAIT: ${name}`, () => assert.equal(metTimeWait(run(late, { ...quiet, retransmissions })), expected));
