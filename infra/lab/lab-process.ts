import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { createCgroup, type Hierarchy } from "./cgroups.ts";

/** A process of the lab, as recorded in lab.json. */
export interface LabProcess {
  /** `kube-apiserver`, `aks-user-0/kubelet`. */
  readonly name: string;
  readonly pid: number;
  /** Field 22 of /proc/PID/stat, clock ticks since boot: with the pid it names a process for good. */
  readonly startTicks: number;
}

/** How to start one. */
export interface ProcessStart {
  readonly name: string;
  readonly argv: readonly string[];
  /** Its cgroup, the same path in every hierarchy. */
  readonly cgroup: string;
  readonly hierarchies: readonly Hierarchy[];
  readonly logFile: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Programs of the lab see this and nothing of the caller's environment. */
const ENVIRONMENT = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/root", LANG: "C.UTF-8" };

/** Joins the cgroups named in $JOIN, then becomes the program, under the same pid. */
const JOIN_AND_EXEC = 'for file in $JOIN; do echo $$ >"$file" || exit 125; done; unset JOIN; exec "$@"';

/**
 * Starts a program in a session and cgroup of its own, its output going to a log file. It outlives this process.
 * The program joins its cgroup before it runs, so it and all its children can be found and ended there.
 */
export async function startProcess(start: ProcessStart): Promise<LabProcess> {
  const join = await createCgroup(start.hierarchies, start.cgroup);
  const log = openSync(start.logFile, "a", 0o600);
  try {
    const child = spawn("sh", ["-c", JOIN_AND_EXEC, "sh", ...start.argv], {
      detached: true,
      stdio: ["ignore", log, log],
      cwd: "/",
      env: { ...ENVIRONMENT, ...start.env, JOIN: join.join(" ") },
    });
    await new Promise<void>((resolve, reject) => child.once("spawn", resolve).once("error", reject));
    child.unref();
    const pid = child.pid ?? 0;
    return { name: start.name, pid, startTicks: startTicks(pid) ?? 0 };
  } finally {
    closeSync(log);
  }
}

/** When a process started, in clock ticks since boot; nothing when there is no such process or it is a zombie. */
export function startTicks(pid: number): number | undefined {
  const stat = readStat(pid);
  // The name, in parentheses, may hold spaces and parentheses itself; what follows the last one is fields 3 and on.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields === undefined || fields[0] === "Z" ? undefined : Number(fields[19]);
}

/** Whether this very process still runs. */
export function isRunning(recorded: LabProcess): boolean {
  return startTicks(recorded.pid) === recorded.startTicks;
}

function readStat(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined; // it has ended
  }
}
