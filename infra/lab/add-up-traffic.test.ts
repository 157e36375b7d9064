import assert from "node:assert/strict";
import { test } from "node:test";
import { addUpTraffic } from "./add-up-traffic.ts";

const counts = { attempted: 2, ok: 1, failed: 1, reset: 0, stalledOver1s: 0, maxLatencyMs: 5, longestSilenceMs: 0, sent: 0, lost: 0 };
const run = {
  running: false,
  elapsedMs: 10,
  kinds: { "new/service/v4": counts },
  errors: [],
  clientPauseMs: 3,
  serverPauseMs: 4,
  retransmissions: { syn: 1, timeouts: 2, resetsSent: 3 },
};

test("numbers are added, extremes kept, and one that runs makes all run", () => {
  const slower = {
    ...run,
    running: true,
    elapsedMs: 20,
    kinds: { "new/service/v4": { ...counts, maxLatencyMs: 9 }, "new/service/v6": counts },
  };
  const sum = addUpTraffic([run, slower]);
  assert.equal(sum.running, true);
  assert.equal(sum.elapsedMs, 20);
  assert.deepEqual(sum.kinds["new/service/v4"], { ...counts, attempted: 4, ok: 2, failed: 2, maxLatencyMs: 9 });
  assert.deepEqual(sum.kinds["new/service/v6"], counts);
  assert.deepEqual([sum.clientPauseMs, sum.serverPauseMs, sum.retransmissions], [3, 4, { syn: 2, timeouts: 4, resetsSent: 6 }]);
});

test("of no run nothing is said", () => {
  assert.deepEqual(addUpTraffic([]), {
    running: false,
    elapsedMs: 0,
    kinds: {},
    errors: [],
    clientPauseMs: 0,
    serverPauseMs: 0,
    retransmissions: { syn: 0, timeouts: 0, resetsSent: 0 },
  });
});
