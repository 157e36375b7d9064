import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** What the installation's processes hold. PSS counts shared pages once over all of their users. */
export type Memory = { readonly totalBytes: number; readonly parts: ReadonlyMap<string, number>; readonly agentRssMaxBytes: number };

const AGENT = "/app/services/node-agent/src/main.ts";
const DEMO = "/app/infra/lab/demo/";
/** USER_HZ: what /proc counts processor time in, 100 on every architecture that Linux supports here. */
const TICKS_PER_SECOND = 100;

type Process = { readonly pid: number; readonly parent: number; readonly command: string; readonly cgroup: string };

function text(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}

function field(pid: number, file: string, name: string): number {
  return 1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text(pid, file))?.[1] ?? 0);
}

/** Everything after the command's closing parenthesis in /proc/PID/stat: state is field 0, the parent 1, utime 11, stime 12. */
function stat(pid: number): string[] {
  return text(pid, "stat").split(") ").at(-1)?.split(" ") ?? [];
}

function processes(): Process[] {
  return readdirSync("/proc")
    .map(Number)
    .filter(Number.isInteger)
    .map((pid) => ({
      pid,
      parent: Number(stat(pid)[1] ?? 0),
      command: text(pid, "cmdline").replaceAll("\0", " ").trim(),
      cgroup: text(pid, "cgroup"),
    }))
    .filter((one) => one.command !== "");
}

function labCgroup(stateDir: string): string {
  const { id } = JSON.parse(readFileSync(path.join(stateDir, "lab", "lab.json"), "utf8")) as { id: string };
  return `acns-${id}`;
}

/** Pids of the node agents of this installation's lab. */
export function agentsOf(stateDir: string): number[] {
  const cgroup = labCgroup(stateDir);
  return processes()
    .filter((one) => one.command.includes(AGENT) && one.cgroup.includes(cgroup))
    .map((one) => one.pid);
}

/** Processor time that a process has used, in seconds. */
export function cpuSecondsOf(pid: number): number {
  const fields = stat(pid);
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS_PER_SECOND;
}

function nameOf(command: string): string {
  const service = /(?:services|infra\/dev|infra)\/([a-z-]+)\//.exec(command)?.[1];
  if (command.startsWith("postgres") || command.includes("/postgres ")) return "postgres";
  const program = path.basename(command.split(" ")[0] ?? "");
  return program === "node" || program === "npm" ? (service ?? "supervisor") : program;
}

/** Sums up descendants of the command and members of the lab's cgroups; the demo application's pods are left out. */
export function memoryOf(stateDir: string, command: number): Memory {
  const all = processes();
  const ours = new Set([command]);
  for (let grown = true; grown;) {
    const before = ours.size;
    for (const one of all) if (ours.has(one.parent)) ours.add(one.pid);
    grown = ours.size > before;
  }
  const cgroup = labCgroup(stateDir);
  const parts = new Map<string, number>();
  let [totalBytes, agentRssMaxBytes] = [0, 0];
  for (const one of all) {
    if ((!ours.has(one.pid) && !one.cgroup.includes(cgroup)) || one.command.includes(DEMO)) continue;
    const bytes = field(one.pid, "smaps_rollup", "Pss");
    totalBytes += bytes;
    parts.set(nameOf(one.command), (parts.get(nameOf(one.command)) ?? 0) + bytes);
    if (one.command.includes(AGENT)) agentRssMaxBytes = Math.max(agentRssMaxBytes, field(one.pid, "status", "VmRSS"));
  }
  return { totalBytes, parts: new Map([...parts].toSorted((a, b) => b[1] - a[1])), agentRssMaxBytes };
}
