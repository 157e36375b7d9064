import { readFileSync } from "node:fs";

/** A process that cannot be mistaken for a later one with the same number: `startTicks` is field 22 of /proc/PID/stat (proc(5)), ticks since boot. */
export type ProcessIdentity = { readonly pid: number; readonly startTicks: string };

/** Who has this number now; nothing when nobody has. */
export function identify(pid: number): ProcessIdentity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name, in parentheses, may hold spaces and parentheses: count from the last one. State is field 3.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const state = fields[0];
    const startTicks = fields[22 - 3];
    return state === "Z" || startTicks === undefined ? undefined : { pid, startTicks };
  } catch {
    return undefined;
  }
}

/** Whether this very process still runs. */
export function isRunning(process: ProcessIdentity): boolean {
  return identify(process.pid)?.startTicks === process.startTicks;
}
