/**
 * `npm run bench:api`: how fast the ARM surface answers. The control plane's own process over TLS on loopback, on a Postgres that waits for its disk: a mixed
 * load at 200 requests a second, pages of a list of 10,000 clusters, and as many as can be had, beside what Fastify and Postgres do alone in the same minute.
 * `-- --memory`: what the process holds after 10,000 and after 100,000 requests. `-- --profile`: where its time goes. Exits 1 when a goal or a floor is missed.
 */
import { cpus, loadavg, tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { measureFastify, measurePostgres, statementsOfGet, statementsOfPut } from "./api/limits.ts";
import { closedLoop, openLoop, quantile, send, type Shot } from "./api/load.ts";
import { measureMemory } from "./api/memory.ts";
import { profile } from "./api/profile.ts";
import { LIST, makeShots, type Shots } from "./api/requests.ts";
import { LISTED, withStage, type Stage } from "./api/stage.ts";

const PER_SECOND = 200;
const WARM_MS = 5_000;
const RUN_MS = 30_000;
/** More than are ever busy at once unless the server stands still: then the wait for one is part of the time. */
const OPEN_CONNECTIONS = 64;
/** As many as the control plane has to Postgres. */
const CONNECTIONS = 10;
const ROUNDS = 3;
const ROUND_MS = 4_000;
/** "Speed and memory" of the ARM surface. */
const P99_MAX_MS = { read: 100, write: 250 } as const;
const PAGE_MAX_MS = 50;
const SHARE_AIM = 0.5;
/** Below it something came in that every request pays for. */
const SHARE_FLOOR = 0.1;
const PROFILED = 3_000;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const verdict = (isMet: boolean): string => (isMet ? "ok" : "MISSED");
const figures = (ms: readonly number[]): string =>
  [quantile(ms, 0.5), quantile(ms, 0.99), Math.max(...ms)].map((one) => one.toFixed(1).padStart(7)).join(" ");

/** The mixed load. @returns whether everything was answered, and in time. */
async function measureMix(stage: Stage, shots: Shots, forMs: number): Promise<boolean> {
  const agent = stage.agent(OPEN_CONNECTIONS);
  const load = { perSecond: PER_SECOND, next: shots.mixed };
  await openLoop(agent, stage.installation.base, { ...load, forMs: WARM_MS });
  const { samples, lateMs } = await openLoop(agent, stage.installation.base, { ...load, forMs });
  const failures = samples.filter(({ failed }) => failed !== undefined);
  say(`\n${samples.length} requests at ${PER_SECOND} a second, from when each was due; p50, p99, max in ms`);
  let isWell = failures.length === 0;
  const judge = (name: string, ms: readonly number[], maxMs: number): void => {
    const isMet = quantile(ms, 0.99) <= maxMs;
    isWell &&= isMet;
    say(`${name.padEnd(24)} ${figures(ms)}   p99 ≤ ${maxMs}   ${verdict(isMet)}`);
  };
  for (const [kind, effect] of shots.kinds)
    judge(
      kind,
      samples.filter((one) => one.kind === kind).map(({ ms }) => ms),
      P99_MAX_MS[effect],
    );
  say(`${"(sent late by)".padEnd(24)} ${figures(lateMs)}   the load's own part of these times`);
  if (failures.length > 0) say(`${failures.length} FAILED, like ${failures[0]?.failed}`);
  return isWell;
}

/** Every page of the long list, one after another as a client follows them. */
async function measurePages(stage: Stage): Promise<boolean> {
  const [agent, headers, times] = [stage.agent(1), { authorization: `Bearer ${stage.token}` }, [] as number[]];
  let [path, clusters]: [string | undefined, number] = [LIST, 0];
  while (path !== undefined) {
    const begun = performance.now();
    const reply = await send(agent, stage.installation.base, { method: "GET", path, headers });
    times.push(performance.now() - begun);
    const page = JSON.parse(reply.text) as { value: unknown[]; nextLink?: string };
    clusters += page.value.length;
    path = page.nextLink?.slice(stage.installation.base.length);
  }
  if (clusters !== LISTED) throw new Error(`The list has ${clusters} clusters instead of ${LISTED}`);
  const isMet = quantile(times, 0.99) <= PAGE_MAX_MS;
  say(`${`a page of ${LISTED} clusters`.padEnd(24)} ${figures(times)}   p99 ≤ ${PAGE_MAX_MS}   ${verdict(isMet)}`);
  return isMet;
}

/** How many a second, ours and each limit's, in turns, so that whatever else the machine does meets all alike; medians. */
async function measureShare(stage: Stage, name: "GET cluster" | "PUT tags", next: (number: number) => Shot): Promise<boolean> {
  const statementsOf = name === "PUT tags" ? statementsOfPut : statementsOfGet;
  const statements = [];
  for (let n = 0; n < CONNECTIONS; n += 1) statements.push(await statementsOf(stage.store, n));
  const agent = stage.agent(CONNECTIONS);
  const [ours, fastify, postgres]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    const until = performance.now() + ROUND_MS;
    const load = { connections: CONNECTIONS, next, isOver: () => performance.now() > until };
    ours.push(await closedLoop(agent, stage.installation.base, load));
    fastify.push(await measureFastify(stage, next, { connections: CONNECTIONS, forMs: ROUND_MS }));
    postgres.push(await measurePostgres(stage.databaseUrl, statements, ROUND_MS));
  }
  const [mine, bare, database] = [ours, fastify, postgres].map((all) => quantile(all, 0.5)) as [number, number, number];
  const share = mine / Math.min(bare, database);
  const limits = `bare Fastify ${bare.toFixed(0)}, Postgres alone ${database.toFixed(0)} (${statements[0]?.length} statements)`;
  say(
    `${name.padEnd(24)} ${mine.toFixed(0)} a second; ${limits}; share of the lower ${share.toFixed(2)}   ≥ ${SHARE_FLOOR} ${verdict(share >= SHARE_FLOOR)}, aim ${SHARE_AIM} ${share >= SHARE_AIM ? "met" : "not met"}`,
  );
  return share >= SHARE_FLOOR;
}

async function measureAll(seconds: number): Promise<boolean> {
  return withStage("", async (stage) => {
    const shots = await makeShots(stage);
    const verdicts = [await measureMix(stage, shots, seconds * 1000), await measurePages(stage)];
    say(`\n${CONNECTIONS} connections, each as fast as it is answered; median of ${ROUNDS} rounds in turns`);
    verdicts.push(await measureShare(stage, "GET cluster", shots.getCluster), await measureShare(stage, "PUT tags", shots.putTags));
    return verdicts.every(Boolean);
  });
}

async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      memory: { type: "boolean" },
      profile: { type: "boolean" },
      seconds: { type: "string", default: String(RUN_MS / 1000) },
      requests: { type: "string", default: String(PROFILED) },
    },
  });
  say(`${cpus().length} × ${cpus()[0]?.model ?? "?"}, Node ${process.version}, load ${loadavg()[0]?.toFixed(1)} at the start`);
  if (values.memory === true) return measureMemory(say);
  if (values.profile === true) {
    const file = path.join(tmpdir(), "control-plane.cpuprofile");
    await profile(say, { requests: Number(values.requests), file });
    say(`The last one is in ${file}`);
    return true;
  }
  const isWell = await measureAll(Number(values.seconds));
  say(`load ${loadavg()[0]?.toFixed(1)} at the end`);
  return isWell;
}

process.exit((await main()) ? 0 : 1);
