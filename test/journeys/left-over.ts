import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { labRecord } from "./lab-nodes.ts";
import { readProc, recordedPids } from "./processes.ts";
import { until } from "./until.ts";

/** Waited for only where something is left. */
const REAP_MS = 30_000;

/** The id of a state folder's lab, which everything of it carries. */
export function labId(stateDir: string): string {
  return labRecord(stateDir).id;
}

/** Pids whose command line or cgroup names the state folder or its lab, and those that are recorded: what `kill -9` of everything means. */
export function processesOf(stateDir: string): number[] {
  const id = labId(stateDir);
  const recorded = recordedPids(stateDir);
  return pids().filter((pid) => recorded.includes(pid) || isOf(pid, id, stateDir));
}

/** Sends SIGKILL; a process that went with another one before it is as good. */
export function killAll(killed: readonly number[]): void {
  for (const pid of killed)
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It went with the one that was killed before it.
    }
}

/** Nothing on the machine carries the lab's id or names its state folder. */
export async function expectNothingLeft(id: string, stateDir: string): Promise<void> {
  // The machine's first process reaps what a killed parent left; it does so in its own time.
  await until("nothing to be left", REAP_MS, () => leftOf(id, stateDir).length === 0).catch(() => undefined);
  assert.deepEqual(leftOf(id, stateDir), []);
}

function leftOf(id: string, stateDir: string): string[] {
  const mounts = readFileSync("/proc/self/mounts", "utf8").split("\n");
  const links = JSON.parse(execFileSync("ip", ["-j", "link"], { encoding: "utf8" })) as { ifname: string }[];
  const hierarchies = existsSync("/sys/fs/cgroup/cgroup.procs")
    ? ["/sys/fs/cgroup"]
    : readdirSync("/sys/fs/cgroup").map((one) => `/sys/fs/cgroup/${one}`);
  return [
    ...pids()
      .filter((pid) => isOf(pid, id, stateDir))
      .map((pid) => `process ${pid} ${read(pid, "cmdline")}`),
    ...readdirSync("/run/netns").filter((name) => name.includes(id) || name.startsWith("cni-")),
    ...mounts.filter((line) => line.includes(id) || line.includes(stateDir)),
    ...hierarchies.map((one) => `${one}/acns-${id}`).filter(existsSync),
    ...links.map((link) => link.ifname).filter((name) => name !== "lo" && name.includes(id)),
    ...(existsSync(path.join("/run/acns-hostrouting", id)) ? [`/run/acns-hostrouting/${id}`] : []),
  ];
}

function isOf(pid: number, id: string, stateDir: string): boolean {
  return read(pid, "cmdline").includes(stateDir) || read(pid, "cgroup").includes(`acns-${id}`);
}

function pids(): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid);
}

function read(pid: number, file: string): string {
  return readProc(pid, file).replaceAll("\0", " ");
}
