import { readdirSync, readFileSync } from "node:fs";

/** A process that cannot be mistaken for a later one with the same number: `startTicks` is field 22 of /proc/PID/stat (proc(5)), ticks since boot. */
export type ProcessIdentity = { readonly pid: number; readonly startTicks: string };

/** A process and whose child it is. */
export type RunningProcess = ProcessIdentity & { readonly parent: number };

/** Who has this number now; nothing when nobody has. */
export function identify(pid: number): ProcessIdentity | undefined {
  const found = read(pid);
  return found && { pid: found.pid, startTicks: found.startTicks };
}

/** Every process that runs; none on systems without /proc. */
export function runningProcesses(): RunningProcess[] {
  try {
    return readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? (read(Number(name)) ?? []) : []));
  } catch {
    return [];
  }
}

/** Whether this very process still runs. */
export function isRunning(process: ProcessIdentity): boolean {
  return identify(process.pid)?.startTicks === process.startTicks;
}

function read(pid: number): RunningProcess | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name, in parentheses, may hold spaces and parentheses: count from the last one. State is field 3.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state, parent] = fields;
    const startTicks = fields[22 - 3];
    return state === "Z" || startTicks === undefined ? undefined : { pid, startTicks, parent: Number(parent) };
  } catch {
    return undefined;
  }
}
