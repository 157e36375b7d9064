import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { Redis } from "ioredis";

/** A Redis of one test: a Unix socket in a folder of its own, nothing on disk. */
export type TestRedis = {
  readonly url: string;
  /** Asks it directly, over a connection of the test's own. */
  ask(command: string, ...args: string[]): Promise<unknown>;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again, empty, at the same address. */
  start(): Promise<void>;
  /** Stops it from answering, while its connections stay open; and lets it go on. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
};

/** `settings` as in redis.conf. */
export async function startTestRedis(settings: Readonly<Record<string, string>> = {}): Promise<TestRedis> {
  const folder = mkdtempSync(path.join(tmpdir(), "hostrouting-redis-"));
  const socket = path.join(folder, "redis.sock");
  const all = { port: "0", unixsocket: socket, dir: folder, save: "", appendonly: "no", "maxmemory-policy": "noeviction", ...settings };
  const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, ...(name === "rename-command" ? value.split(" ") : [value])]);
  let child: ChildProcess | undefined;

  async function kill(): Promise<void> {
    const ended = new Promise((resolve) => child?.once("exit", resolve));
    child?.kill("SIGKILL");
    if (child !== undefined) await ended;
    child = undefined;
  }
  async function start(): Promise<void> {
    const started = spawn("redis-server", args, { stdio: ["ignore", "pipe", "inherit"] });
    child = started;
    await new Promise<void>((resolve, reject) => {
      started.once("error", reject);
      started.once("exit", (code) => reject(new Error(`redis-server ended with code ${code}`)));
      createInterface(started.stdout).on("line", (line) => line.includes("ready to accept connections") && resolve());
    });
  }
  await start();
  return {
    url: `unix://${socket}`,
    async ask(command, ...more) {
      const client = new Redis({ path: socket, lazyConnect: true, retryStrategy: () => null, ...password(settings) });
      await client.connect();
      return client.call(command, ...more).finally(() => client.disconnect());
    },
    kill,
    start,
    freeze: () => void child?.kill("SIGSTOP"),
    thaw: () => void child?.kill("SIGCONT"),
    async stop() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function password(settings: Readonly<Record<string, string>>): { readonly password?: string } {
  return settings["requirepass"] === undefined ? {} : { password: settings["requirepass"] };
}
