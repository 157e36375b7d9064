import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import path from "node:path";
import type { ManagedCluster } from "./shapes.ts";
import { openStage, type Stage } from "./stage.ts";
import { until } from "./until.ts";

/** Promised to whoever presses Ctrl-C. */
const END_MS_MAX = 15_000;
const REAP_MS = 3_000;

/** The command ends as it should, and starts as it should after it could not. */
export function lifeCycle(stage: Stage): void {
  test("a start after kill -9 of everything cleans up first; SIGTERM then ends all of it and leaves nothing", async () => {
    const { id: resource, tags } = await stage.arm.cluster();
    await stage.arm.request({ method: "PUT", path: resource, body: { ...(await stage.arm.cluster()), tags: { ...tags, kept: "yes" } } });
    for (const pid of processesOf(stage.stateDir)) kill(pid);

    const again = await openStage({ stateDir: stage.stateDir });
    const { id } = JSON.parse(readFileSync(path.join(stage.stateDir, "lab", "lab.json"), "utf8")) as { id: string };
    const kept = await again.arm.cluster().catch((error: unknown) => error);
    const ended = await again.close();
    assert.deepEqual((kept as ManagedCluster).tags, { ...tags, kept: "yes" }, "the database survived");
    assert.equal(ended.code, 0);
    assert.ok(ended.ms <= END_MS_MAX, `ended after ${Math.round(ended.ms)} ms`);
    // The machine's first process reaps what a killed parent left; it does so in its own time.
    await until("nothing to be left", REAP_MS, () => leftOf(id, stage.stateDir).length === 0).catch(() => undefined);
    assert.deepEqual(leftOf(id, stage.stateDir), []);
  });
}

/** Pids whose command line or environment-free traces name the state folder or its lab: what `kill -9` of everything means. */
function processesOf(stateDir: string): number[] {
  const { id } = JSON.parse(readFileSync(path.join(stateDir, "lab", "lab.json"), "utf8")) as { id: string };
  const recorded = (JSON.parse(readFileSync(path.join(stateDir, "processes.json"), "utf8")) as { pid: number }[]).map((one) => one.pid);
  return pids().filter(
    (pid) => recorded.includes(pid) || read(pid, "cmdline").includes(stateDir) || read(pid, "cgroup").includes(`acns-${id}`),
  );
}

function leftOf(id: string, stateDir: string): string[] {
  const mounts = readFileSync("/proc/self/mounts", "utf8").split("\n");
  const links = JSON.parse(execFileSync("ip", ["-j", "link"], { encoding: "utf8" })) as { ifname: string }[];
  const hierarchies = existsSync("/sys/fs/cgroup/cgroup.procs")
    ? ["/sys/fs/cgroup"]
    : readdirSync("/sys/fs/cgroup").map((one) => `/sys/fs/cgroup/${one}`);
  return [
    ...pids()
      .filter((pid) => read(pid, "cmdline").includes(stateDir) || read(pid, "cgroup").includes(`acns-${id}`))
      .map((pid) => `process ${pid} ${read(pid, "cmdline")}`),
    ...readdirSync("/run/netns").filter((name) => name.includes(id) || name.startsWith("cni-")),
    ...mounts.filter((line) => line.includes(id) || line.includes(stateDir)),
    ...hierarchies.map((one) => `${one}/acns-${id}`).filter(existsSync),
    ...links.map((link) => link.ifname).filter((name) => name !== "lo" && name.includes(id)),
    ...(existsSync(path.join("/run/acns-hostrouting", id)) ? [`/run/acns-hostrouting/${id}`] : []),
  ];
}

function pids(): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid);
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It went with the one that was killed before it.
  }
}
