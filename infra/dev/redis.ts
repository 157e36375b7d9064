import { execFile } from "node:child_process";
import { chownSync, existsSync, mkdirSync } from "node:fs";
import { connect } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { ChildPlan } from "./supervised-child.ts";

/** A private Redis: one Unix socket, no TCP, nothing on disk. */
export type PrivateRedis = {
  readonly plan: ChildPlan;
  readonly url: string;
  /** Whether it answered within the time. */
  answers(timeoutMs: number): Promise<boolean>;
};

const SERVER = "/usr/bin/redis-server";
const STEP_TIMEOUT_MS = 5_000;
const LOOK_MS = 40;
const run = promisify(execFile);

/**
 * Says how to run a Redis in a folder of its own, which it makes; nothing where there is no Redis on this machine. What is in it may be lost at any
 * time, so nothing is written. Root runs it as Debian's user `redis`.
 */
export async function prepareRedis(runtimeFolder: string): Promise<PrivateRedis | undefined> {
  if (!existsSync(SERVER)) return undefined;
  mkdirSync(runtimeFolder, { recursive: true, mode: 0o700 });
  const socket = path.join(runtimeFolder, "redis.sock");
  const settings = {
    port: "0",
    unixsocket: socket,
    unixsocketperm: "700",
    dir: runtimeFolder,
    save: "",
    appendonly: "no",
    maxmemory: "64mb",
    "maxmemory-policy": "noeviction",
  };
  const [command = "", ...args] = [
    ...(await asItsUser(runtimeFolder)),
    SERVER,
    ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
  ];
  return {
    plan: {
      name: "redis",
      command,
      args,
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C.UTF-8" },
      stopSignal: "SIGTERM",
      stopTimeoutMs: 2_000,
    },
    url: `unix://${socket}`,
    answers: (timeoutMs) => answers(socket, timeoutMs),
  };
}

/** setpriv(1) replaces itself: the pid stays the one that was started. */
async function asItsUser(folder: string): Promise<readonly string[]> {
  if (process.getuid?.() !== 0) return [];
  try {
    const [uid, gid] = await Promise.all(
      ["-u", "-g"].map(async (flag) => Number((await run("id", [flag, "redis"], { timeout: STEP_TIMEOUT_MS })).stdout)),
    );
    if (uid === undefined || gid === undefined) return [];
    chownSync(folder, uid, gid);
    return ["/usr/bin/setpriv", "--reuid", "redis", "--regid", "redis", "--init-groups", "--pdeathsig", "TERM", "--"];
  } catch {
    // A Redis that is not Debian's has no such user.
    return [];
  }
}

async function answers(socket: string, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    if (await pings(socket)) return true;
    await sleep(LOOK_MS);
  }
  return false;
}

function pings(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket, () => connection.write("PING\r\n"));
    const end = (isThere: boolean): void => {
      connection.destroy();
      resolve(isThere);
    };
    connection.setTimeout(STEP_TIMEOUT_MS, () => end(false));
    connection.on("data", (data) => end(data.toString().startsWith("+PONG")));
    connection.on("error", () => end(false));
    connection.on("close", () => end(false));
  });
}
