import { readFileSync } from "node:fs";
import path from "node:path";

/** What `npm start` watches over, each with what its command line holds. */
const SERVICES = {
  postgres: /bin\/postgres -D/,
  redis: /redis-server/,
  authority: /\/authority\/main\.ts/,
  "control-plane": /\/control-plane\/src\/main\.ts/,
  "rollout-worker": /\/rollout-worker\/src\/main\.ts/,
  "lab-provider": /\/lab-provider\/main\.ts/,
} as const;

/** A process that the supervisor starts again when it ends. */
export type Service = keyof typeof SERVICES;

/** All of them. */
export const ALL_SERVICES = Object.keys(SERVICES) as Service[];

/** Pid of a service's process; nothing while none is recorded. */
export function findService(stateDir: string, service: Service): number | undefined {
  return recordedPids(stateDir).find((pid) => SERVICES[service].test(readProc(pid, "cmdline").replaceAll("\0", " ")));
}

/** Sends SIGKILL to services' processes in one instant; answers their pids. @throws when one of them does not run */
export function killServices(stateDir: string, services: readonly Service[]): number[] {
  const pids = services.map((service) => {
    const pid = findService(stateDir, service);
    if (pid === undefined) throw new Error(`no process of ${service} is recorded in ${stateDir}/processes.json`);
    return pid;
  });
  for (const pid of pids) process.kill(pid, "SIGKILL");
  return pids;
}

/** Pid of the supervisor itself: whoever started the processes that it recorded. @throws when it records none */
export function supervisorPid(stateDir: string): number {
  const [child] = recordedPids(stateDir);
  const parent = /^PPid:\s+(\d+)$/m.exec(readProc(child ?? 0, "status"))?.[1];
  if (parent === undefined) throw new Error(`nothing that is recorded in ${stateDir}/processes.json runs`);
  return Number(parent);
}

/** Pids of whatever the supervisor has recorded, whether they still run or not. */
export function recordedPids(stateDir: string): number[] {
  try {
    return (JSON.parse(readFileSync(path.join(stateDir, "processes.json"), "utf8")) as { pid: number }[]).map(({ pid }) => pid);
  } catch {
    return [];
  }
}

/** A file of a process in /proc; empty when there is no such process. */
export function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
