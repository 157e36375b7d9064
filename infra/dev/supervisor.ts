/**
 * `npm start`: the whole product on one machine, as separate processes that can be killed one by one.
 * starting → ready → ending → ended; a signal or a failure leads from each of the first two to ending.
 */
import { existsSync, rmSync } from "node:fs";
import path from "node:path";
import { advise, AppError } from "@hostrouting/domain";
import { goOnUnheard } from "@hostrouting/runtime";
import { planLab } from "../lab/lab-plan.ts";
import { requireFreePort } from "./free-port.ts";
import { holdInstallation } from "./single-instance.ts";
import { startInstallation, stopInstallation, type Installation } from "./installation.ts";
import { bundleOfCheckout, bundleOrNone } from "./lab-bundle.ts";
import { clearLab, registerLab, requireSameBundle, startLabSession, type LabSession } from "./lab-session.ts";
import { printedLines } from "./printed-lines.ts";
import { endLeftovers, openProcessRecord } from "./process-record.ts";
import { removeReadyFile, writeReadyFile } from "./ready-file.ts";
import { labPlace } from "./register.ts";
import { defaultStateDir, parseStartOptions, type StartOptions } from "./start-options.ts";
import { openStateFolder, type StateFolder } from "./state-folder.ts";
import type { SupervisedChild } from "./supervised-child.ts";

/** 15 s are promised; past this nothing more is waited for. */
const ENDING_MS = 14_000;

const checkout = path.resolve(import.meta.dirname, "../..");
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** What is under way, so that ending finds it wherever starting stopped. */
type Running = { readonly children: SupervisedChild[]; lab?: LabSession };

/** Everything of one run, from start to end; comes back once `signal` was given and all has ended. */
async function run(options: StartOptions, folder: StateFolder, asked: AbortSignal): Promise<void> {
  const running: Running = { children: [] };
  const failed = new AbortController();
  const signal = AbortSignal.any([asked, failed.signal]);
  try {
    await clearLeftovers(options, folder);
    await Promise.race([startEverything({ options, folder, signal }, running), rejectedOn(signal)]);
    await rejectedOn(signal);
  } finally {
    failed.abort();
    removeReadyFile(options.readyFile);
    await Promise.all([stopInstallation(running.children, folder), running.lab?.stop()]);
    rmSync(folder.processes, { force: true });
  }
}

async function clearLeftovers(options: StartOptions, folder: StateFolder): Promise<void> {
  const ended = await endLeftovers(folder.processes);
  if (ended > 0) say(`Ended ${ended} processes that an earlier run had left.`);
  await requireFreePort(options.port);
  if (!options.lab && existsSync(planLab(folder.root).folder)) await clearLab(folder.root);
}

/** The lab takes longest and goes first; the control plane answers long before the cluster is there. */
async function startEverything(
  parts: { options: StartOptions; folder: StateFolder; signal: AbortSignal },
  running: Running,
): Promise<void> {
  const { options, folder } = parts;
  const startedAtMs = performance.now();
  if (options.lab) running.lab = startLabSession({ ...options, stateDir: folder.root, say });
  const up = running.lab?.up;
  const record = openProcessRecord(folder.processes);
  const starting = Promise.all([
    startInstallation({ ...parts, record, say, children: running.children }),
    options.lab ? bundleOfCheckout(checkout) : bundleOrNone(checkout),
  ]);
  const [installation, bundle] = await (up === undefined ? starting : Promise.race([starting, up.then(() => starting)]));
  installation.startWorker(bundle);
  const lab = await up;
  if (lab !== undefined) {
    requireSameBundle(lab, bundle);
    await registerLab(installation, lab);
  }
  // It makes labs by the same programs and images, one after the other on the same processors: the first one goes before.
  installation.startLabProvider(bundle);
  announce(options, installation, { kubeconfig: lab?.adminKubeconfig ?? "", elapsedMs: performance.now() - startedAtMs });
}

function announce(options: StartOptions, installation: Installation, facts: { kubeconfig: string; elapsedMs: number }): void {
  const { identity, certificates, arm } = installation;
  const { tenantId, clientId, clientSecret, clientSecretFile, directoryFile, subscriptionId } = identity;
  const place = { resourceGroup: labPlace.resourceGroup, cluster: labPlace.name };
  const ready = {
    arm,
    caFile: certificates.caFile,
    tenantId,
    clientId,
    clientSecret,
    directoryFile,
    subscriptionId,
    ...place,
    kubeconfig: facts.kubeconfig,
  };
  writeReadyFile(options.readyFile, ready);
  say(
    printedLines(ready, {
      ...options,
      isDefaultStateDir: options.stateDir === defaultStateDir(),
      clientSecretFile,
      elapsedMs: facts.elapsedMs,
    }),
  );
}

/** Never resolves; rejects once the signal is given, so that whatever is awaited beside it is left. */
function rejectedOn(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const leave = (): void => reject(signal.reason as Error);
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave, { once: true });
  });
}

async function main(): Promise<number> {
  goOnUnheard();
  const ending = new AbortController();
  for (const name of ["SIGTERM", "SIGINT", "SIGHUP"] as const)
    process.on(name, () => {
      if (ending.signal.aborted) return;
      say("Ending …");
      ending.abort();
      setTimeout(() => process.exit(1), ENDING_MS).unref();
    });
  try {
    const options = parseStartOptions(process.argv.slice(2));
    const folder = openStateFolder(options.stateDir);
    const release = await holdInstallation(folder.id, folder.root);
    removeReadyFile(options.readyFile);
    await run(options, folder, ending.signal);
    release();
  } catch (error) {
    if (!ending.signal.aborted) return report(error);
  }
  say("Ended.");
  return 0;
}

/** One sentence with the remedy; a stack only for what nobody foresaw. */
function report(error: unknown): number {
  if ((error as NodeJS.ErrnoException).code === "ENOSPC")
    process.stderr.write("There is no room left on the disk: make room and try again.\n");
  else if (error instanceof AppError) process.stderr.write(`${advise(error)}\n`);
  else process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  return 1;
}

process.exit(await main());
