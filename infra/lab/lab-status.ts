import { existsSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { connectApi } from "./api-client.ts";
import { readyNodes } from "./cluster-content.ts";
import { planLab } from "./lab-plan.ts";
import { isRunning } from "./lab-process.ts";
import { readLabRecord, type LabRecord } from "./lab-record.ts";
import { processMemory } from "./process-memory.ts";

/** What can be said of the lab of one state folder. */
export type LabStatus =
  | { readonly state: "absent" }
  | {
      /** `ready`: every process runs and every node is Ready. `starting`: a start is under way or was broken off. */
      readonly state: "starting" | "ready" | "degraded";
      readonly record: LabRecord;
      /** Names of recorded processes that have ended. */
      readonly ended: readonly string[];
      /** Names of nodes that are Ready; nothing when the API server does not answer. */
      readonly readyNodes: readonly string[] | undefined;
      /** Proportional set size of the recorded processes, in bytes; pods and their shims not counted. */
      readonly memoryBytes: number;
    };

/** Looks at the processes and asks the API server. Does not wait for anything. */
export async function labStatus(stateDir: string): Promise<LabStatus> {
  if (!existsSync(stateDir)) return { state: "absent" };
  const record = await readLabRecord(planLab(await realpath(stateDir)));
  if (!record) return { state: "absent" };
  const ended = record.processes.filter((process) => !isRunning(process)).map(({ name }) => name);
  const ready = await askNodes(record);
  const running = record.processes.filter((process) => isRunning(process)).map(({ pid }) => pid);
  const whole = ended.length === 0 && record.nodes.every(({ name }) => ready?.includes(name));
  const state = record.phase === "starting" ? "starting" : whole ? "ready" : "degraded";
  return { state, record, ended, readyNodes: ready, memoryBytes: await processMemory(running) };
}

async function askNodes(record: LabRecord): Promise<string[] | undefined> {
  const api = await connectApi(record.adminKubeconfig).catch(() => undefined);
  try {
    return api && (await readyNodes(api));
  } catch {
    return undefined; // shown as "the API server does not answer"
  } finally {
    api?.close();
  }
}
