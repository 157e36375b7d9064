/**
 * `npm run bench:main-job`: what the main job costs on this machine, beside the goals that it has.
 * Start is measured warm (a first start builds what is missing and is thrown away); times are of one run, so look at the machine line too.
 * Exits 1 when a goal is missed.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, loadavg, release, tmpdir, totalmem } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { disable, enable, expectDisabled, expectEnabled } from "../journeys/expectations.ts";
import { openStage, type Stage } from "../journeys/stage.ts";
import { agentsOf, cpuSecondsOf, memoryOf } from "./memory.ts";

/** One line of the table: measured, and the most that it may be. `aim` is reported, not gated. */
type Figure = { readonly what: string; readonly unit: string; readonly measured: number; readonly max: number; readonly aim?: number };

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const IDLE_MS = 20_000;
const PUTS = 200;
const MIB = 1024 * 1024;

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1000;
}

/** Share of one core that the busiest agent uses while nothing happens. */
async function idleCores(stage: Stage): Promise<number> {
  const before = new Map(agentsOf(stage.stateDir).map((pid) => [pid, cpuSecondsOf(pid)]));
  const startedAt = performance.now();
  await pause(IDLE_MS);
  const seconds = (performance.now() - startedAt) / 1000;
  return Math.max(...[...before].map(([pid, used]) => (cpuSecondsOf(pid) - used) / seconds));
}

/** 99th percentile of a PUT that changes a tag, in ms. */
async function putP99Ms(stage: Stage): Promise<number> {
  const cluster = await stage.arm.cluster();
  const times: number[] = [];
  for (let turn = 0; turn < PUTS; turn++) {
    const startedAt = performance.now();
    const reply = await stage.arm.request({
      method: "PUT",
      path: cluster.id,
      body: { ...cluster, tags: { ...cluster.tags, turn: String(turn) } },
    });
    times.push(performance.now() - startedAt);
    if (reply.status !== 200) throw new Error(`PUT answered ${reply.status}: ${JSON.stringify(reply.body)}`);
  }
  return times.toSorted((a, b) => a - b)[Math.ceil(PUTS * 0.99) - 1] ?? Number.NaN;
}

async function measure(stage: Stage): Promise<Figure[]> {
  const enableS = await secondsOf(() => enable(stage));
  await expectEnabled(stage);
  const idle = await idleCores(stage);
  const memory = memoryOf(stage.stateDir, stage.pid);
  const putMs = await putP99Ms(stage);
  const disableS = await secondsOf(() => disable(stage));
  await expectDisabled(stage);
  for (const [part, bytes] of memory.parts) say(`  PSS ${part.padEnd(28)} ${(bytes / MIB).toFixed(0).padStart(6)} MiB`);
  return [
    { what: "warm npm start to Ready, 3 nodes", unit: "s", measured: stage.readyMs / 1000, max: 20, aim: 12 },
    { what: "enable, 3 nodes", unit: "s", measured: enableS, max: 30 },
    { what: "disable, 3 nodes", unit: "s", measured: disableS, max: 20 },
    { what: "everything together, PSS without demo pods", unit: "MiB", measured: memory.totalBytes / MIB, max: 2048 },
    { what: "largest agent, RSS", unit: "MiB", measured: memory.agentRssMaxBytes / MIB, max: 128 },
    { what: "busiest agent when idle", unit: "cores", measured: idle, max: 0.1 },
    { what: `PUT p99 of ${PUTS}`, unit: "ms", measured: putMs, max: 250 },
  ];
}

function print(figures: readonly Figure[]): boolean {
  for (const { what, unit, measured, max, aim } of figures) {
    const verdict = measured <= max ? (aim !== undefined && measured > aim ? `ok, aim ${aim}` : "ok") : "MISSED";
    say(`${what.padEnd(46)} ${measured.toFixed(3).padStart(10)} ${unit.padEnd(6)} ≤ ${String(max).padEnd(6)} ${verdict}`);
  }
  return figures.every(({ measured, max }) => measured <= max);
}

const stateDir = mkdtempSync(path.join(tmpdir(), "hostrouting-bench-"));
const model = /model name\s*: (.*)/.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? "unknown processor";
say(
  `${cpus().length} × ${model}, ${Math.round(totalmem() / MIB / 1024)} GiB, Linux ${release()}, Node ${process.version}, load ${loadavg()[0]}`,
);
say("First start (builds what is missing, then thrown away) …");
await (await openStage({ stateDir })).close();
say("Warm start …");
const stage = await openStage({ stateDir });
let reached = false;
try {
  reached = print(await measure(stage));
} finally {
  const { ms, code } = await stage.close();
  say(`${"end after SIGTERM".padEnd(46)} ${(ms / 1000).toFixed(3).padStart(10)} s      ≤ 15`);
  reached &&= ms <= 15_000 && code === 0;
  if (code === 0) rmSync(stateDir, { recursive: true, force: true });
}
process.exitCode = reached ? 0 : 1;
