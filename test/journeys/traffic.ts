import assert from "node:assert/strict";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import type { RunStats, Target } from "../../infra/lab/demo/traffic-contract.ts";
import { connectTraffic, type TrafficClient } from "../../infra/lab/traffic.ts";
import { judgeTraffic, metTimeWait, stoodStill } from "../../infra/lab/judge-traffic.ts";
import type { Stage } from "./stage.ts";

const REACH_MS = 1_500;
/** Repetitions of a run that says more of the machine than of the product. */
const MEASURED_AGAIN_MAX = 3;
/** Quiet enough for another run: nothing later than this for so long. Twenty windows are 80 s. */
const QUIET_PAUSE_MS = 50;
const QUIET_WINDOW_MS = 4_000;
const QUIET_TRIES_MAX = 20;

/** TCP_TIMEWAIT_LEN, and a little more. */
const TIME_WAIT_MS = 65_000;

/** Something was late for a reason that is not the product's; another run may tell. */
class RunAgain extends Error {
  readonly why: string;
  /** What makes the next run better. */
  readonly wait: () => Promise<void>;

  constructor(told: string, why: string, wait: () => Promise<void>) {
    super(told);
    this.why = why;
    this.wait = wait;
  }
}

/** What was seen depends on which ports were chosen: another run, once TIME_WAIT is over. */
export function portsMetTimeWait(told: string, why: string): Error {
  return new RunAgain(told, why, () => pause(TIME_WAIT_MS));
}

/** Connects to the traffic clients as they are now, and lets go of them afterwards. */
export async function withTraffic(stage: Stage, use: (clients: readonly TrafficClient[]) => Promise<void>): Promise<void> {
  const traffic = await connectTraffic(stage.ready.kubeconfig);
  try {
    await use(traffic.clients);
  } finally {
    // A run that goes on would be another journey's load.
    await Promise.allSettled(traffic.clients.map((client) => client.stop()));
    traffic.close();
  }
}

/** The Service in both families three times, and one pod of each path and family: six of ten new connections go through the Service. */
export function mixedTargets(client: TrafficClient): Target[] {
  const service = client.targets.filter((target) => target.path === "service");
  const pods = (["pod-same", "pod-other"] as const).flatMap((path) =>
    (["v4", "v6"] as const).flatMap((family) => client.targets.find((target) => target.path === path && target.family === family) ?? []),
  );
  assert.equal(pods.length, 4, `${client.node} has a replica of its own and one elsewhere, in both families`);
  return [...service, ...pods.slice(0, 2), ...service, ...pods.slice(2), ...service];
}

/** Nothing failed, nothing was reset, nothing stalled, and there was something to judge. */
export function expectUnharmed(client: TrafficClient, stats: RunStats): void {
  expectNothingLate(judged(client, stats), stats);
}

/**
 * The same with a stricter limit, of connections that follow one another so fast that their ports are used again within a minute.
 * A port that met TIME_WAIT twice in one handshake waits for a second, with and without host routing.
 */
export function expectUnharmedByReuse(client: TrafficClient, stats: RunStats, slowestMs: number): void {
  const found = judged(client, stats, slowestMs);
  if (found.late && metTimeWait(stats)) throw portsMetTimeWait(found.told, "a port met TIME_WAIT twice");
  expectNothingLate(found, stats);
}

type Judged = { readonly late: boolean; readonly told: string };

function expectNothingLate({ late, told }: Judged, stats: RunStats): void {
  if (late && stoodStill(stats)) throw new RunAgain(told, "the machine stood still", quietMachine);
  assert.ok(!late, told);
}

function judged(client: TrafficClient, stats: RunStats, slowestMs?: number): Judged {
  const { harmed, late } = judgeTraffic(stats, slowestMs);
  const told = `${client.node}: ${[...harmed, ...late].join("; ")}; all of it: ${JSON.stringify(stats)}`;
  assert.ok(Object.keys(stats.kinds).length > 0, `${client.node} sent nothing`);
  assert.deepEqual(harmed, [], told);
  return { late: late.length > 0, told };
}

/** Runs until whatever was late was not late for another reason than the product's, four times at most; the last time all of it counts. */
export async function measured(run: () => Promise<void>): Promise<void> {
  for (let again = MEASURED_AGAIN_MAX; ; again--)
    try {
      return await run();
    } catch (error) {
      if (again === 0 || !(error instanceof RunAgain)) throw error;
      process.stdout.write(`${error.why}, so this is done again: ${error.message.slice(0, 300)}\n`);
      await error.wait();
    }
}

/** Waits until this process itself is scheduled in time for a while; after the last try the next run begins all the same. */
async function quietMachine(): Promise<void> {
  for (let tries = 0; tries < QUIET_TRIES_MAX; tries++) {
    const lag = monitorEventLoopDelay({ resolution: 10 });
    lag.enable();
    await pause(QUIET_WINDOW_MS);
    lag.disable();
    if (lag.max / 1e6 < QUIET_PAUSE_MS) return;
  }
}

/** Every replica's address is reached from every node, at the first try. */
export async function expectEveryPodReached(stage: Stage): Promise<void> {
  await withTraffic(stage, async (clients) => {
    const direct = (client: TrafficClient) => client.targets.filter((target) => target.path !== "service");
    await Promise.all(
      clients.map((client) =>
        client.start({ durationMs: REACH_MS, newConnectionsPerSecond: 20, longLived: false, hammerClients: 0 }, direct(client)),
      ),
    );
    for (const client of clients) expectUnharmed(client, await client.finished(10 * REACH_MS));
  });
}
