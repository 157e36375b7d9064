import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { identify, isRunning, type ProcessIdentity } from "./process-identity.ts";

/** Remembers in a file which processes were started, so that the next start can end what a `kill -9` left behind, and nothing else. */
export type ProcessRecord = {
  add(pid: number): void;
  remove(pid: number): void;
};

const ENDING_MS = 3_000;
const LOOK_MS = 25;

/** Opens the record anew; what an earlier run left in it must have been ended before. */
export function openProcessRecord(file: string): ProcessRecord {
  const running = new Map<number, ProcessIdentity>();
  const save = (): void => {
    writeFileSync(`${file}.new`, JSON.stringify([...running.values()]), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  };
  return {
    add(pid) {
      const identity = identify(pid);
      if (identity === undefined) return;
      running.set(pid, identity);
      save();
    },
    remove(pid) {
      if (running.delete(pid)) save();
    },
  };
}

/**
 * Ends the processes that an earlier run recorded and that still run: SIGTERM, after 3 s SIGKILL.
 * @returns how many there were.
 */
export async function endLeftovers(file: string): Promise<number> {
  const left = read(file).filter(isRunning);
  await endProcesses(left, ENDING_MS);
  rmSync(file, { force: true });
  return left.length;
}

/** Ends processes: SIGTERM, SIGKILL to those that still run after `endingMs`; comes back when none does, at the latest 3 s after that. */
export async function endProcesses(processes: readonly ProcessIdentity[], endingMs: number): Promise<void> {
  for (const one of processes) signal(one, "SIGTERM");
  await ended(processes, endingMs);
  for (const one of processes.filter(isRunning)) signal(one, "SIGKILL");
  await ended(processes, ENDING_MS);
}

async function ended(processes: readonly ProcessIdentity[], withinMs: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < withinMs && processes.some(isRunning); waitedMs += LOOK_MS) await sleep(LOOK_MS);
}

function read(file: string): ProcessIdentity[] {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as ProcessIdentity[];
  } catch {
    return [];
  }
}

function signal(one: ProcessIdentity, name: NodeJS.Signals): void {
  try {
    process.kill(one.pid, name);
  } catch {
    // It ended between the look and the signal.
  }
}
