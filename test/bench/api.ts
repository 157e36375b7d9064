/**
 * `npm run bench:api`: how fast the ARM surface answers. The control plane's own process over TLS on loopback, on a Postgres that waits for its disk: a mixed
 * load at 200 requests a second, pages of a list of 10,000 clusters, and as many as can be had, beside what Fastify and Postgres do alone in the same minute.
 * `-- --memory`: what the process holds after 10,000 and after 100,000 requests. `-- --profile`: where its time goes. Exits 1 when a goal or a floor is missed.
 */
import { cpus, loadavg, tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { measurePostgres, startFastify, statementsOfGet, statementsOfPut, unprepared } from "./api/limits.ts";
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
const ROUNDS = 7;
const ROUND_MS = 2_000;
/** After some 10,000 requests of a kind the engine has compiled what they run through. */
const COMPILED_MS = 10_000;
/** "Speed and memory" of the ARM surface. */
const P99_MAX_MS = { read: 100, write: 250 } as const;
const PAGE_MAX_MS = 50;
const SHARE_AIM = 0.5;
/** Below it something came in that every request pays for. A quiet machine has 0.19 (GET) and 0.50 (PUT), one with thirty processes waiting 0.21 and 0.24. */
const SHARE_FLOOR = 0.12;
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

/** One kind of request that is compared with what limits it. */
type Compared = {
  readonly name: string;
  readonly next: (number: number) => Shot;
  readonly statementsOf: typeof statementsOfGet;
};

/** Requests a second in each turn: ours, of bare Fastify, of Postgres alone, and of Postgres where no connection keeps a statement. */
type Rates = Readonly<Record<"mine" | "bare" | "database" | "planning", number>>;

/** All of them in turns, so that whatever else the machine does meets all alike. */
async function takeTurns(stage: Stage, { next, statementsOf }: Compared): Promise<{ rates: readonly Rates[]; count: number }> {
  const statements: Awaited<ReturnType<typeof statementsOfGet>>[] = [];
  for (let n = 0; n < CONNECTIONS; n += 1) statements.push(await statementsOf(stage.store, n));
  const agent = stage.agent(CONNECTIONS);
  const ours = (forMs: number): Promise<number> => {
    const until = performance.now() + forMs;
    return closedLoop(agent, stage.installation.base, { connections: CONNECTIONS, next, isOver: () => performance.now() > until });
  };
  await ours(COMPILED_MS);
  const fastify = await startFastify(stage, next, { connections: CONNECTIONS, forMs: ROUND_MS });
  const rates: Rates[] = [];
  try {
    for (let round = 0; round < ROUNDS; round += 1)
      rates.push({
        mine: await ours(ROUND_MS),
        bare: await fastify.perSecond(ROUND_MS),
        database: await measurePostgres(stage.databaseUrl, statements, ROUND_MS),
        planning: await measurePostgres(stage.databaseUrl, statements.map(unprepared), ROUND_MS),
      });
  } finally {
    await fastify.end();
  }
  return { rates, count: statements[0]?.length ?? 0 };
}

/** What share of the lower limit is reached: the median of the turns' own shares, since the next turn may meet another machine. */
async function measureShare(stage: Stage, compared: Compared): Promise<boolean> {
  const { rates, count } = await takeTurns(stage, compared);
  const median = (of: (one: Rates) => number): number => quantile(rates.map(of), 0.5);
  const [mine, bare, database, planning] = (["mine", "bare", "database", "planning"] as const).map((key) =>
    median((one) => one[key]).toFixed(0),
  );
  const share = median((one) => one.mine / Math.min(one.bare, one.database));
  const ofPlanning = median((one) => one.mine / Math.min(one.bare, one.planning));
  const isMet = share >= SHARE_FLOOR;
  const beside = " ".repeat(24);
  say(`${compared.name.padEnd(24)} ${mine} a second; bare Fastify ${bare}, Postgres alone ${database} (${count} statements)`);
  say(
    `${beside} share of the lower ${share.toFixed(2)}   ≥ ${SHARE_FLOOR} ${verdict(isMet)}, aim ${SHARE_AIM} ${share >= SHARE_AIM ? "met" : "not met"}`,
  );
  say(`${beside} Postgres alone with no statement prepared ${planning}; share ${ofPlanning.toFixed(2)}`);
  return isMet;
}

async function measureAll(seconds: number): Promise<boolean> {
  return withStage("", async (stage) => {
    const shots = await makeShots(stage);
    const verdicts = [await measureMix(stage, shots, seconds * 1000), await measurePages(stage)];
    say(`\n${CONNECTIONS} connections, each as fast as it is answered; medians of ${ROUNDS} turns`);
    for (const compared of [
      { name: "GET cluster", next: shots.getCluster, statementsOf: statementsOfGet },
      { name: "PUT tags", next: shots.putTags, statementsOf: statementsOfPut },
    ])
      verdicts.push(await measureShare(stage, compared));
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
