/**
 * `npm run bench:queue`: how long an accepted request waits for its first step, with a bell on Redis, with Postgres' own, and with none, when only the sweep
 * finds it. Two workers on a real Postgres and a real Redis; the managed clusters are in memory and empty. Exits 1 when a goal is missed.
 */
import { randomUUID } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { as, developmentPolicy, type ClusterId, type ManagedCluster, type OperationId } from "@hostrouting/domain";
import { openDoorbell, type Doorbell } from "@hostrouting/doorbell";
import type { ClusterAccess } from "@hostrouting/kube";
import { FakeCluster } from "@hostrouting/kube/fake";
import { createLogger, systemTimers } from "@hostrouting/runtime";
import { openStore, type RoundStore, type Store } from "@hostrouting/store";
import { openBoundedLog } from "../../infra/dev/bounded-log.ts";
import { openProcessRecord } from "../../infra/dev/process-record.ts";
import { prepareRedis } from "../../infra/dev/redis.ts";
import { superviseChild } from "../../infra/dev/supervised-child.ts";
import { startTestDatabase } from "../../infra/dev/test-database.ts";
import { WorkerMetrics } from "../../services/rollout-worker/src/metrics/worker-metrics.ts";
import { startWorker } from "../../services/rollout-worker/src/worker.ts";

const REQUESTS = 100;
/** Five requests a second for twenty seconds: no burst, and several sweeps. */
const BETWEEN_MS = 200;
const WARM_MS = 8_000;
const LATE_MS = 30_000;
const SUBSCRIPTION = "00000000-0000-0000-0000-000000000001";
const logger = createLogger("bench", "silent");
const say = (line: string): void => void process.stdout.write(`${line}\n`);

type Way = { readonly name: string; readonly maxMs: number; open(databaseUrl: string, redisUrl: string): Doorbell };

const silent: Doorbell = {
  ring: async () => {},
  hear: async () => {},
  figures: () => ({ state: "Away", sent: 0, failed: 0, heard: 0 }),
  close: async () => {},
};
const ways: readonly Way[] = [
  { name: "BullMQ on Redis", maxMs: 5_000, open: (databaseUrl, redisUrl) => openDoorbell({ databaseUrl, redisUrl }, logger) },
  { name: "Postgres LISTEN/NOTIFY", maxMs: 5_000, open: (databaseUrl) => openDoorbell({ databaseUrl, redisUrl: undefined }, logger) },
  { name: "none: the sweep", maxMs: 10_000, open: () => silent },
];

/** The clusters have no gates. */
const noGate = (): Promise<never> => Promise.reject(new Error("no gate of the benchmark asks anybody"));

async function register(store: Store, name: string): Promise<ClusterId> {
  const id = as<ClusterId>(`/subscriptions/${SUBSCRIPTION}/resourcegroups/g/providers/microsoft.containerservice/managedclusters/${name}`);
  const by = { createdBy: "b", createdByType: "User", lastModifiedBy: "b", lastModifiedByType: "User" } as const;
  const systemData = { ...by, createdAt: "2026-01-01T00:00:00Z", lastModifiedAt: "2026-01-01T00:00:00Z" };
  const place = { id, subscriptionId: SUBSCRIPTION, resourceGroup: "g", name, location: "local" };
  const state = { desiredMode: "None", generation: 1, etag: "1", provisioningState: "Succeeded", activeOperationId: undefined } as const;
  const access = { provider: "lab", driver: "bundle", accessReference: name } as const;
  await store.clusters.register({ ...place, ...state, ...access, tags: {}, envelope: {}, properties: {}, systemData }, developmentPolicy);
  return id;
}

async function accept(store: Store, clusterId: ClusterId): Promise<OperationId> {
  const id = as<OperationId>(randomUUID());
  await store.clusters.change(clusterId, (locked) => {
    if (locked === undefined) throw new Error(`${clusterId} is not registered`);
    const cluster = { ...locked.cluster, desiredMode: "BpfVeth" as const, generation: 2, activeOperationId: id };
    const begin = { id, kind: "EnableHostRouting", mode: "BpfVeth", generation: 2, tenantId: "t", objectId: "o" } as const;
    return { result: undefined, change: { cluster, begin, history: [] } };
  });
  return id;
}

/** Tells when an operation's first step was recorded. */
function watched(rounds: RoundStore, onFirst: (id: OperationId) => void): RoundStore {
  return {
    ...rounds,
    async record(clusterId, token, record) {
      const outcome = await rounds.record(clusterId, token, record);
      if (outcome === "Recorded" && record.operation !== undefined && record.operation.phase !== "Accepted") onFirst(record.operation.id);
      return outcome;
    },
  };
}

/** Milliseconds from acceptance to the first recorded step, of each request. */
async function measure(way: Way, databaseUrl: string, redisUrl: string): Promise<readonly number[]> {
  const store = await openStore(databaseUrl, () => undefined);
  const clusters: ClusterId[] = [];
  for (let n = 0; n < REQUESTS; n += 1) clusters.push(await register(store, `${way.name.slice(0, 4).trim().toLowerCase()}-${n}`));
  const firsts = new Map<OperationId, number>();
  const rounds = watched(store.rounds, (id) => void (firsts.has(id) || firsts.set(id, performance.now())));
  const managed = new Map(clusters.map((id) => [id, new FakeCluster().access()]));
  const reach = async ({ id }: ManagedCluster): Promise<ClusterAccess> => managed.get(id) ?? new FakeCluster().access();
  const ringing = way.open(databaseUrl, redisUrl);
  const workers = ["first", "second"].map((workerId) => {
    const bell = way.open(databaseUrl, redisUrl);
    const bundle = { image: "bundle", digest: `sha256:${"1".repeat(64)}` };
    const tools = {
      access: { get: reach, close: () => {} },
      logger,
      metrics: new WorkerMetrics(),
      timers: systemTimers,
      askWebhook: noGate,
      newId: randomUUID,
    };
    const admission = { global: 10_000, subscription: 10_000, region: 10_000 };
    return { bell, worker: startWorker({ ...tools, workerId, bundle, admission, store: { ...store, rounds } }, bell) };
  });
  await pause(WARM_MS);
  const accepted = new Map<OperationId, number>();
  for (const clusterId of clusters) {
    const id = await accept(store, clusterId);
    accepted.set(id, performance.now());
    void ringing.ring(clusterId);
    await pause(BETWEEN_MS * (0.5 + Math.random()));
  }
  const until = performance.now() + LATE_MS;
  while (firsts.size < REQUESTS && performance.now() < until) await pause(100);
  await Promise.all(workers.map(({ worker }) => worker.stop()));
  await Promise.all([ringing, ...workers.map(({ bell }) => bell)].map((bell) => bell.close()));
  await store.close();
  return [...accepted].map(([id, at]) => Math.max(0, (firsts.get(id) ?? Number.POSITIVE_INFINITY) - at));
}

function quantile(times: readonly number[], share: number): number {
  return times.toSorted((a, b) => a - b)[Math.ceil(times.length * share) - 1] ?? Number.NaN;
}

/** What a way has begun goes on for a while: the next one must not have to do it. */
async function onFreshDatabase<T>(work: (databaseUrl: string) => Promise<T>): Promise<T> {
  const database = await startTestDatabase();
  try {
    const store = await openStore(database.url, () => undefined);
    await store.directory.registerSubscription({ id: SUBSCRIPTION, tenantId: "t", displayName: "s", state: "Registered" });
    await store.directory.registerResourceGroup({ subscriptionId: SUBSCRIPTION, displayName: "g", location: "local" });
    await store.close();
    return await work(database.url);
  } finally {
    await database.stop();
  }
}

async function main(): Promise<boolean> {
  const folder = mkdtempSync(path.join(tmpdir(), "hostrouting-bench-"));
  // Redis' own user must pass through.
  chmodSync(folder, 0o711);
  const redis = await prepareRedis(path.join(folder, "redis"));
  if (redis === undefined) throw new Error("There is no Redis here: apt-get install redis-server.");
  const log = openBoundedLog(path.join(folder, "redis.log"));
  const child = superviseChild(redis.plan, {
    record: openProcessRecord(path.join(folder, "processes.json")),
    log,
    onCrash: () => undefined,
  });
  let isWell = await redis.answers(10_000);
  try {
    say(`${cpus().length} × ${cpus()[0]?.model ?? "?"}, load ${loadavg()[0]?.toFixed(1)}; ${REQUESTS} requests each, two workers`);
    for (const way of ways) {
      const times = await onFreshDatabase((databaseUrl) => measure(way, databaseUrl, redis.url));
      const p99 = quantile(times, 0.99);
      const figures = [quantile(times, 0.5), p99, Math.max(...times)].map((ms) => ms.toFixed(0).padStart(6)).join(" ");
      say(`${way.name.padEnd(24)} p50, p99, max ${figures} ms   p99 ≤ ${way.maxMs}   ${p99 <= way.maxMs ? "ok" : "MISSED"}`);
      isWell &&= p99 <= way.maxMs;
    }
  } finally {
    await child.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  return isWell;
}

process.exit((await main()) ? 0 : 1);
