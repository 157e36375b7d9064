import { readFileSync } from "node:fs";
import { isRunning, runningProcesses, type ProcessIdentity, type RunningProcess } from "./process-identity.ts";
import { endProcesses } from "./process-record.ts";

/** Looks after the test files that a runner has under way. */
export type FileLimit = {
  /** Stops looking, waits until what is being ended has ended, and answers the files that took too long. */
  stop(): Promise<readonly string[]>;
};

/** A look costs 5 ms of the processor; limits are minutes. */
const LOOK_MS_MAX = 5_000;
const LOOKS_PER_LIMIT = 10;
/** `npm start` promises to whoever ends it that nothing is left after 15 s. */
const ENDING_MS = 20_000;

/** A file under way: since when, and its processes by who they are, also those whose parent has ended meanwhile. */
type UnderWay = { readonly sinceMs: number; readonly processes: Map<string, ProcessIdentity> };

/**
 * Ends every process of a test file that takes longer than its limit, so that the runner tells of it and goes on. node:test's own limit is a test's: it ends
 * no file that computes without pause, or that holds something open after its tests. Nothing is ended on systems without /proc.
 * @param runner pid of `node --test` @param files absolute @param limitMs from when a file was first seen
 */
export function limitFiles(runner: number, files: readonly string[], limitMs: number): FileLimit {
  const known = new Set(files);
  const underWay = new Map<string, UnderWay>();
  const ending = new Map<string, Promise<void>>();
  const look = (): void => {
    const all = runningProcesses();
    for (const child of all.filter(({ parent }) => parent === runner)) {
      const file = argumentsOf(child).find((argument) => known.has(argument));
      if (file === undefined) continue;
      const { processes } = underWay.get(file) ?? { processes: new Map<string, ProcessIdentity>() };
      for (const { pid, startTicks } of withDescendants(all, child)) processes.set(`${pid} ${startTicks}`, { pid, startTicks });
      if (!underWay.has(file)) underWay.set(file, { sinceMs: performance.now(), processes });
    }
    for (const [file, { sinceMs, processes }] of underWay) {
      const left = [...processes.values()].filter(isRunning);
      if (left.length > 0 && performance.now() - sinceMs > limitMs && !ending.has(file)) ending.set(file, endProcesses(left, ENDING_MS));
    }
  };
  const timer = setInterval(look, Math.min(LOOK_MS_MAX, limitMs / LOOKS_PER_LIMIT));
  return {
    stop: async () => {
      clearInterval(timer);
      await Promise.all(ending.values());
      return [...ending.keys()];
    },
  };
}

function withDescendants(all: readonly RunningProcess[], one: RunningProcess): RunningProcess[] {
  return [one, ...all.filter(({ parent }) => parent === one.pid).flatMap((child) => withDescendants(all, child))];
}

function argumentsOf({ pid }: ProcessIdentity): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return []; // it ended meanwhile
  }
}
