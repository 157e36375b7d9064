import { mkdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "@hostrouting/domain";
import { prepareGuests } from "../guests/prepare-guests.ts";
import { prepareImages } from "../images/prepare-images.ts";
import { withFileLock } from "../images/with-file-lock.ts";
import { buildPrograms, programsAreBuilt } from "./build-programs.ts";
import { freePort, requirePort } from "./free-port.ts";
import { countNodes, NODES_MAX, planLab, planNodes, type LabPlan, type ServiceRanges, type WantedNodes } from "./lab-plan.ts";
import { readLabRecord, type LabRecord } from "./lab-record.ts";
import type { KubeProxyMode } from "./node-commands.ts";
import { requireHost, requireRootOnLinux } from "./require-host.ts";
import { settleAll } from "./settle-all.ts";
import { startCluster } from "./start-cluster.ts";
import { keepLogs, removeLab } from "./stop-lab.ts";
import { throwIfAborted } from "./wait-until.ts";

/** How to start a lab. */
export interface LabOptions {
  /** Folder of the lab's files; it is made when it is not there, and its real path decides the lab's id. */
  readonly stateDir: string;
  /** 1 to 16 in all. */
  readonly wanted: WantedNodes;
  /** `Demo`: the demo application runs, and is waited for. */
  readonly content: "Demo" | "ProductOnly";
  /** What nodes name as their resource group. */
  readonly nodeResourceGroup: string;
  readonly serviceCidrs: ServiceRanges;
  readonly kubeProxyMode: KubeProxyMode;
  /** The checkout whose agent and demo application go into the image. */
  readonly project: string;
  /** The product's cache folder (cache-folder.ts). */
  readonly cache: string;
  /** Port of 127.0.0.1 for the API server; any free one when left out. */
  readonly apiPort?: number;
  /** One line per phase, with the seconds since the start. */
  readonly onProgress: (line: string) => void;
  /** Breaks the start off and removes what it has started. */
  readonly signal?: AbortSignal;
}

/** The lock is held for as long as a start or stop lasts. */
const LOCK_WAIT_MS = 60_000;

/**
 * Starts a lab from nothing and returns when every node is Ready and its content is there. Whatever an earlier start of the same
 * state folder left is removed first, also a lab that runs. On failure everything started is removed again, logs excepted.
 * Throws AppError: `lab.*`, `image.*`, `command.*`.
 */
export async function startLab(options: LabOptions): Promise<LabRecord> {
  requireRootOnLinux();
  await mkdir(options.stateDir, { recursive: true, mode: 0o700 });
  await mkdir(options.cache, { recursive: true });
  requireHost({
    folder: options.stateDir,
    needsGo: !(await programsAreBuilt(options.cache)),
    needsGuests: options.wanted.machines.length > 0,
    needsNft: options.kubeProxyMode === "nftables",
  });
  const lab = planLab(await realpath(options.stateDir));
  if (countNodes(options.wanted) > NODES_MAX)
    throw new AppError("lab.full", { say: `A lab has ${NODES_MAX} nodes at most, virtual machines included`, do: "Ask for fewer" });
  return withFileLock({ file: join(lab.stateDir, "lab.lock"), waitMs: LOCK_WAIT_MS, holder: "Another start or stop of this lab" }, () =>
    startLocked(options, lab),
  );
}

async function startLocked(options: LabOptions, lab: LabPlan): Promise<LabRecord> {
  const began = Date.now();
  const say = (line: string): void => options.onProgress(`lab: ${((Date.now() - began) / 1000).toFixed(1).padStart(5)} s  ${line}`);
  const previous = await readLabRecord(lab);
  await removeLab(lab);
  const apiPort = options.apiPort === undefined ? await freePort(previous?.apiPort) : await requirePort(options.apiPort);
  const [images, programs] = await settleAll([
    prepareImages({ project: options.project, cache: options.cache, onProgress: say }),
    buildPrograms({ cache: options.cache, onProgress: say, signal: options.signal }),
  ]);
  say(`programs and images are there (bundle ${images.bundleDigest.slice(7, 19)})`);
  const guests = await prepareGuests(options.wanted.machines, {
    cache: options.cache,
    programs,
    template: images.template,
    onProgress: say,
  });
  throwIfAborted(options.signal);
  try {
    const nodes = planNodes(lab, options.wanted);
    const { kubeProxyMode, signal, content, nodeResourceGroup, serviceCidrs } = options;
    const way = { kubeProxyMode, content, nodeResourceGroup, serviceCidrs };
    return await startCluster({ nodes, lab, images, guests, programs, apiPort, say, signal, ...way });
  } catch (error) {
    await keepLogs(lab);
    await removeLab(lab).catch(() => undefined); // the first error is the one to show
    throw error;
  }
}
