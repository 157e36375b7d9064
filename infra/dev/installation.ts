import { rmSync } from "node:fs";
import path from "node:path";
import { openBoundedLog, type BoundedLog } from "./bounded-log.ts";
import { endAllLabs } from "../lab-provider/cluster-place.ts";
import { ensureCertificates, type CertificateFiles } from "./certificates.ts";
import { freePort } from "./free-port.ts";
import { ensureIdentity, type Identity } from "./identity.ts";
import { preparePostgres } from "./postgres.ts";
import type { ProcessRecord } from "./process-record.ts";
import { prepareRedis } from "./redis.ts";
import { registerDirectory } from "./register.ts";
import {
  authorityPlan,
  controlPlanePlan,
  labProviderPlan,
  publicUrl,
  workerPlan,
  type Bundle,
  type ServiceFacts,
} from "./service-plans.ts";
import type { StartOptions } from "./start-options.ts";
import type { StateFolder } from "./state-folder.ts";
import { superviseChild, type ChildPlan, type SupervisedChild } from "./supervised-child.ts";
import { waitForHttps } from "./wait-for-https.ts";

/** Seconds; reading the modules alone takes twenty on a machine that is busy with other things, and who waits in vain is told why at the end. */
const POSTGRES_READY_MS = 60_000;
const REDIS_READY_MS = 15_000;
const CONTROL_PLANE_READY_MS = 90_000;
const DATABASE = "hostrouting";

/** Everything but the lab: database, queue, control plane, authority, worker. */
export type Installation = {
  readonly identity: Identity;
  readonly certificates: CertificateFiles;
  readonly databaseUrl: string;
  /** Absent where this machine has no Redis: rings go by Postgres then. */
  readonly redisUrl: string | undefined;
  /** Base URL of the ARM endpoint. */
  readonly arm: string;
  /** Starts the worker, once it is known which bundle it rolls out. */
  startWorker(bundle: Bundle): void;
  /** Starts the provider of clusters that are made on request, once what it builds with has been built. */
  startLabProvider(bundle: Bundle): void;
};

/** What starting needs from whoever will end it. Every child that was started is in `children`, also when starting fails half-way. */
export type InstallationParts = {
  readonly options: StartOptions;
  readonly folder: StateFolder;
  readonly record: ProcessRecord;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  readonly children: SupervisedChild[];
};

/** Starts Postgres and Redis, then authority and control plane, and waits until the control plane answers. */
export async function startInstallation(parts: InstallationParts): Promise<Installation> {
  const { folder, options, signal } = parts;
  const [identity, certificates, authorityPort, postgres] = await Promise.all([
    ensureIdentity(folder),
    ensureCertificates(folder.tls),
    freePort(),
    preparePostgres({ dataFolder: folder.database, runtimeFolder: path.join(folder.runtime, "postgres"), durable: true }),
  ]);
  supervise(parts, postgres.plan);
  await postgres.ready(POSTGRES_READY_MS);
  await postgres.ensureDatabase(DATABASE);
  const databaseUrl = postgres.url(DATABASE);
  const redisUrl = await startRedis(parts);
  const facts: ServiceFacts = { folder, identity, certificates, databaseUrl, redisUrl, port: options.port, authorityPort };
  supervise(parts, authorityPlan(facts));
  const controlPlane = supervise(parts, controlPlanePlan(facts));
  await registerDirectory(databaseUrl, identity);
  const arm = publicUrl(options.port);
  await waitForHttps(`${arm}/readyz`, certificates.caFile, { timeoutMs: CONTROL_PLANE_READY_MS, signal, log: controlPlane.file });
  parts.say(`Control plane: ${arm}`);
  return {
    identity,
    certificates,
    databaseUrl,
    redisUrl,
    arm,
    startWorker: (bundle) => void supervise(parts, workerPlan(facts, bundle)),
    startLabProvider: (bundle) => void supervise(parts, labProviderPlan(facts, bundle)),
  };
}

/** The queue costs latency only when it is missing, so it stops nobody from starting. */
async function startRedis(parts: InstallationParts): Promise<string | undefined> {
  const redis = await prepareRedis(path.join(parts.folder.runtime, "redis"));
  if (redis === undefined) {
    parts.say("There is no Redis here (apt-get install redis-server): workers are rung for by Postgres.");
    return undefined;
  }
  const log = supervise(parts, redis.plan);
  if (await redis.answers(REDIS_READY_MS)) return redis.url;
  parts.say(`Redis does not answer (see ${log.file}): workers are rung for by Postgres.`);
  return undefined;
}

/** What the services use ends last. */
const LAST: ReadonlySet<string> = new Set(["postgres", "redis"]);

/** Ends the services first, then the database and the queue, which they use. What the lab provider made goes as soon as it has ended itself. */
export async function stopInstallation(children: readonly SupervisedChild[], folder: StateFolder): Promise<void> {
  const services = children.filter(({ name }) => !LAST.has(name));
  const labsEnded = Promise.all(services.filter(({ name }) => name === "lab-provider").map((child) => child.stop())).then(() =>
    endAllLabs(folder.root),
  );
  await Promise.all(services.map((child) => child.stop()));
  await Promise.all([labsEnded, ...children.filter(({ name }) => LAST.has(name)).map((child) => child.stop())]);
  rmSync(folder.runtime, { recursive: true, force: true });
}

function supervise(parts: InstallationParts, plan: ChildPlan): BoundedLog {
  // Nothing is started any more once everything is being ended.
  parts.signal.throwIfAborted();
  const log = openBoundedLog(path.join(parts.folder.logs, `${plan.name}.log`));
  const onCrash = (crash: { name: string; outcome: string; restartInMs: number }): void =>
    parts.say(`${crash.name} ended (${crash.outcome}), starting it again in ${crash.restartInMs} ms; log: ${log.file}`);
  parts.children.push(superviseChild(plan, { record: parts.record, log, onCrash }));
  return log;
}
