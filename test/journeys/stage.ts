/**
 * The stage of all journeys: `npm start` as a user would type it, in a state folder of its own, with nothing replaced.
 * One stage serves all journeys of a run; each journey leaves the cluster switched off, uncordoned and with its policy as it was.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Series } from "../../infra/guests/guest-kernel.ts";
import type { ReadyFile } from "../../infra/dev/ready-file.ts";
import { openArm, type Arm } from "./arm.ts";
import { openCluster, type Cluster } from "./cluster.ts";
import { findService, killServices, supervisorPid, type Service } from "./processes.ts";
import { until } from "./until.ts";

/** Everything a journey touches: the ARM surface, the cluster, the processes. `readyMs`: from the command to the ready file. */
export type Stage = {
  readonly ready: ReadyFile;
  readonly stateDir: string;
  readonly arm: Arm;
  readonly cluster: Cluster;
  readonly readyMs: number;
  /** Pid of the command. */
  readonly pid: number;
  /** Sends SIGKILL to the processes of services, in one instant. The supervisor starts them again. */
  kill(...services: readonly Service[]): void;
  /** Whether a service has a process. */
  runs(service: Service): boolean;
  /** Sends SIGKILL to the supervisor, and waits until the command has ended with it. */
  killSupervisor(): Promise<void>;
  /** SIGTERM, as Ctrl-C would; answers how long the end took and the exit code. */
  close(): Promise<{ ms: number; code: number | null }>;
};

const checkout = path.resolve(import.meta.dirname, "../..");
/** A cold machine builds Kubernetes and the image here: 45 min is the whole suite's limit. */
const READY_TIMEOUT_MS = 40 * 60_000;

/** A loopback port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** `port`: of the ARM endpoint, a free one when left out. `nodes`: of namespaces, 3 when left out. `machines`: the kernel of each virtual machine beside them. `kubeProxyMode`: iptables when left out. */
export type StageOptions = {
  readonly stateDir?: string;
  readonly port?: number;
  readonly nodes?: number;
  readonly machines?: readonly Series[];
  readonly kubeProxyMode?: "iptables" | "nftables";
};

/** Starts everything and waits for the ready file. Without `stateDir` the folder is new and is removed at the end. */
export async function openStage(options: StageOptions = {}): Promise<Stage> {
  const stateDir = options.stateDir ?? mkdtempSync(path.join(tmpdir(), "hostrouting-journeys-"));
  const readyFile = path.join(stateDir, "ready.json");
  rmSync(readyFile, { force: true });
  const port = options.port ?? (await freePort());
  const startedAt = performance.now();
  const args = [
    "start",
    "--",
    "--state-dir",
    stateDir,
    "--port",
    String(port),
    "--ready-file",
    readyFile,
    "--nodes",
    String(options.nodes ?? 3),
    ...(options.machines === undefined ? [] : ["--vm-nodes", options.machines.join(",")]),
    ...(options.kubeProxyMode === undefined ? [] : ["--kube-proxy-mode", options.kubeProxyMode]),
  ];
  const child = spawn("npm", args, { cwd: checkout, stdio: ["ignore", "pipe", "pipe"] });
  const output = createWriteStream(path.join(stateDir, "start.log"), { flags: "a" });
  child.stdout.pipe(output);
  child.stderr.pipe(output);
  const text = await until("the ready file", READY_TIMEOUT_MS, () => {
    if (child.exitCode !== null)
      throw new Error(`npm start ended with ${child.exitCode}:\n${readFileSync(path.join(stateDir, "start.log"), "utf8").slice(-4000)}`);
    try {
      return readFileSync(readyFile, "utf8");
    } catch {
      return undefined;
    }
  });
  const readyMs = performance.now() - startedAt;
  const ready = JSON.parse(text) as ReadyFile;
  return {
    ready,
    stateDir,
    arm: openArm(ready),
    cluster: openCluster(ready.kubeconfig, stateDir),
    readyMs,
    pid: child.pid ?? 0,
    kill: (...services) => void killServices(stateDir, services),
    runs: (service) => findService(stateDir, service) !== undefined,
    killSupervisor: () => killSupervisor(child, stateDir),
    close: async () => {
      const ended = await end(child);
      if (options.stateDir === undefined && ended.code === 0) rmSync(stateDir, { recursive: true, force: true });
      return ended;
    },
  };
}

async function end(child: ChildProcess): Promise<{ ms: number; code: number | null }> {
  const startedAt = performance.now();
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  if (child.exitCode !== null || child.signalCode !== null) return { ms: 0, code: child.exitCode };
  child.kill("SIGTERM");
  const code = await exited;
  return { ms: performance.now() - startedAt, code };
}

/** The command ends with the supervisor, whose end it hands on; what the supervisor had started may still be ending. */
async function killSupervisor(child: ChildProcess, stateDir: string): Promise<void> {
  const exited = new Promise((resolve) => child.once("exit", resolve));
  process.kill(supervisorPid(stateDir), "SIGKILL");
  await exited;
}
