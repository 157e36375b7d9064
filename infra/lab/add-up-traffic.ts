import type { KindStats, RunStats } from "./demo/traffic-contract.ts";

/** Counts of several clients as if they were one: numbers added, extremes kept. */
export function addUpTraffic(runs: readonly RunStats[]): RunStats {
  const kinds: Record<string, KindStats> = {};
  for (const run of runs)
    for (const [kind, counts] of Object.entries(run.kinds)) {
      const before = kinds[kind];
      kinds[kind] = before ? addUp(before, counts) : counts;
    }
  return {
    running: runs.some(({ running }) => running),
    elapsedMs: Math.max(0, ...runs.map(({ elapsedMs }) => elapsedMs)),
    kinds,
    errors: runs.flatMap(({ errors }) => errors).sort((one, other) => one.at.localeCompare(other.at)),
    clientPauseMs: Math.max(0, ...runs.map(({ clientPauseMs }) => clientPauseMs)),
    serverPauseMs: Math.max(0, ...runs.map(({ serverPauseMs }) => serverPauseMs)),
    retransmissions: {
      syn: runs.reduce((sum, { retransmissions }) => sum + retransmissions.syn, 0),
      timeouts: runs.reduce((sum, { retransmissions }) => sum + retransmissions.timeouts, 0),
      resetsSent: runs.reduce((sum, { retransmissions }) => sum + retransmissions.resetsSent, 0),
    },
  };
}

function addUp(one: KindStats, other: KindStats): KindStats {
  return {
    attempted: one.attempted + other.attempted,
    ok: one.ok + other.ok,
    failed: one.failed + other.failed,
    reset: one.reset + other.reset,
    stalledOver1s: one.stalledOver1s + other.stalledOver1s,
    maxLatencyMs: Math.max(one.maxLatencyMs, other.maxLatencyMs),
    longestSilenceMs: Math.max(one.longestSilenceMs, other.longestSilenceMs),
    sent: one.sent + other.sent,
    lost: one.lost + other.lost,
  };
}
