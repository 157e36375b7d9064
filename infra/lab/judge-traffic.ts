import type { RunStats } from "./demo/traffic-contract.ts";

/** From here on a machine that did not schedule a process may itself be what was late; ten times what a quiet one shows. */
const STOOD_STILL_MS = 200;

/** What is wrong with a run: connections that broke, and connections that were late. */
export interface Judgement {
  readonly harmed: readonly string[];
  readonly late: readonly string[];
}

/**
 * Lateness counts only where a packet was lost or nothing else explains it: processes that were not scheduled are late too,
 * but then the kernel has sent nothing again. `slowestMs`: a stricter limit than the second that every run has.
 */
export function judgeTraffic(stats: RunStats, slowestMs?: number): Judgement {
  const kinds = Object.entries(stats.kinds);
  const harmed = kinds.filter(([, one]) => one.attempted === 0 || one.failed > 0).map(([kind, one]) => `${kind} ${JSON.stringify(one)}`);
  const late = kinds
    .filter(([, one]) => one.stalledOver1s > 0 || (slowestMs !== undefined && one.maxLatencyMs > slowestMs))
    .map(([kind, one]) => `${kind} was late: ${one.stalledOver1s} over 1 s, slowest ${one.maxLatencyMs} ms`);
  return { harmed, late: explainedByPause(stats) ? [] : late };
}

/** Whether client or replicas were not scheduled for so long that the run measured the machine. */
export function stoodStill(stats: RunStats): boolean {
  return Math.max(stats.clientPauseMs, stats.serverPauseMs) >= STOOD_STILL_MS;
}

/**
 * Whether every SYN that was sent again had met an old connection's TIME_WAIT at the server: the client's kernel then resets that one and
 * sends its SYN again, at once the first time and after a second the next (net/ipv4/tcp_input.c, tcp_rcv_synsent_state_process).
 * Without host routing it happens as well to whoever opens connections without pause. A SYN that was lost sends no reset.
 */
export function metTimeWait({ retransmissions: { syn, timeouts, resetsSent } }: RunStats): boolean {
  return syn > 0 && Math.max(syn, timeouts) <= resetsSent;
}

/** Longest latency that both processes' own pauses, one on the way there and one on the way back, can make up. */
function explainedByPause(stats: RunStats): boolean {
  const { syn, timeouts } = stats.retransmissions;
  const slowest = Math.max(...Object.values(stats.kinds).map((one) => Math.max(one.maxLatencyMs, one.longestSilenceMs)));
  return syn === 0 && timeouts === 0 && stoodStill(stats) && slowest <= 2 * (stats.clientPauseMs + stats.serverPauseMs);
}
