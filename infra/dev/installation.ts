import { rmSync } from "node:fs";
import path from "node:path";
import { openBoundedLog, type BoundedLog } from "./bounded-log.ts";
import { ensureCertificates, type CertificateFiles } from "./certificates.ts";
import { freePort } from "./free-port.ts";
import { ensureIdentity, type Identity } from "./identity.ts";
import { preparePostgres } from "./postgres.ts";
import type { ProcessRecord } from "./process-record.ts";
import { registerDirectory } from "./register.ts";
import { authorityPlan, controlPlanePlan, publicUrl, workerPlan, type Bundle, type ServiceFacts } from "./service-plans.ts";
import type { StartOptions } from "./start-options.ts";
import type { StateFolder } from "./state-folder.ts";
import { superviseChild, type ChildPlan, type SupervisedChild } from "./supervised-child.ts";
import { waitForHttps } from "./wait-for-https.ts";

const POSTGRES_READY_MS = 20_000;
const CONTROL_PLANE_READY_MS = 30_000;
const DATABASE = "hostrouting";

/** Everything but the lab: database, control plane, authority, worker. */
export type Installation = {
  readonly identity: Identity;
  readonly certificates: CertificateFiles;
  readonly databaseUrl: string;
  /** Base URL of the ARM endpoint. */
  readonly arm: string;
  /** Starts the worker, once it is known which bundle it rolls out. */
  startWorker(bundle: Bundle): void;
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

/** Starts Postgres, then authority and control plane, and waits until the control plane answers. */
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
  const facts: ServiceFacts = { folder, identity, certificates, databaseUrl, port: options.port, authorityPort };
  supervise(parts, authorityPlan(facts));
  const controlPlane = supervise(parts, controlPlanePlan(facts));
  await registerDirectory(databaseUrl, identity);
  const arm = publicUrl(options.port);
  await waitForHttps(`${arm}/readyz`, certificates.caFile, { timeoutMs: CONTROL_PLANE_READY_MS, signal, log: controlPlane.file });
  parts.say(`Control plane: ${arm}`);
  return { identity, certificates, databaseUrl, arm, startWorker: (bundle) => void supervise(parts, workerPlan(facts, bundle)) };
}

/** Ends the services first and the database, which they use, last. */
export async function stopInstallation(children: readonly SupervisedChild[], folder: StateFolder): Promise<void> {
  await Promise.all(children.filter((child) => child.name !== "postgres").map((child) => child.stop()));
  await Promise.all(children.filter((child) => child.name === "postgres").map((child) => child.stop()));
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
