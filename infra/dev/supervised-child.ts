import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import type { BoundedLog } from "./bounded-log.ts";
import type { ProcessRecord } from "./process-record.ts";
import { crashesAfter, restartPauseMs } from "./restart-pause.ts";

/** One process to keep running. `env` is all that it gets: nothing is inherited. */
export type ChildPlan = {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly stopSignal: NodeJS.Signals;
  /** After the stop signal, before SIGKILL. */
  readonly stopTimeoutMs: number;
};

/** What a child needs around it. `onCrash` is told each time that it ended unasked. */
export type ChildSurroundings = {
  readonly record: ProcessRecord;
  readonly log: BoundedLog;
  readonly onCrash: (crash: { name: string; outcome: string; restartInMs: number }) => void;
};

/**
 * A process that is started again whenever it ends unasked.
 * starting → running → (crashed → starting)* → stopping → stopped; `stop` may be called in each of them and is final.
 */
export type SupervisedChild = { readonly name: string; stop(): Promise<void> };

const SETPRIV = "/usr/bin/setpriv";

/** Starts a process in a session of its own (a terminal's Ctrl-C is ours to pass on) that dies with this one, and keeps it running. */
export function superviseChild(plan: ChildPlan, around: ChildSurroundings): SupervisedChild {
  let stopping = false;
  let crashes = 0;
  let restart: NodeJS.Timeout | undefined;
  let child: ChildProcess | undefined;
  let ended: Promise<void> = Promise.resolve();

  function start(): void {
    const startedAtMs = performance.now();
    child = launch(plan, around);
    ended = new Promise((resolve) => {
      const end = (outcome: string): void => {
        around.record.remove(child?.pid ?? 0);
        if (!stopping) crashed(outcome, performance.now() - startedAtMs);
        resolve();
      };
      child?.once("error", (error) => end(error.message));
      child?.once("exit", (code, signal) => end(signal ?? `exit code ${code}`));
    });
  }

  function crashed(outcome: string, ranMs: number): void {
    crashes = crashesAfter(crashes, ranMs);
    const restartInMs = restartPauseMs(crashes);
    around.onCrash({ name: plan.name, outcome, restartInMs });
    restart = setTimeout(start, restartInMs);
  }

  start();
  return {
    name: plan.name,
    async stop() {
      stopping = true;
      clearTimeout(restart);
      child?.kill(plan.stopSignal);
      const late = setTimeout(() => child?.kill("SIGKILL"), plan.stopTimeoutMs);
      await ended;
      clearTimeout(late);
    },
  };
}

/**
 * A command line that gets a signal when the thread that started it ends, in whatever way (PR_SET_PDEATHSIG, prctl(2)); as it is where this machine has
 * no setpriv(1). The program is replaced, so that the pid stays the one that was started.
 */
export function dyingWithStarter(
  signal: NodeJS.Signals,
  command: readonly [string, ...string[]],
): readonly [program: string, args: readonly string[]] {
  const [program, ...args] = command;
  return existsSync(SETPRIV) ? [SETPRIV, ["--pdeathsig", signal.slice(3), "--", ...command]] : [program, args];
}

function launch(plan: ChildPlan, around: ChildSurroundings): ChildProcess {
  const [program, args] = dyingWithStarter(plan.stopSignal, [plan.command, ...plan.args]);
  const child = spawn(program, args, { env: { ...plan.env }, stdio: ["ignore", "pipe", "pipe"], detached: true });
  child.stdout.on("data", (chunk: Buffer) => around.log.write(chunk));
  child.stderr.on("data", (chunk: Buffer) => around.log.write(chunk));
  if (child.pid !== undefined) around.record.add(child.pid);
  return child;
}
