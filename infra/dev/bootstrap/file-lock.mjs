import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { Problem } from "./problem.mjs";

/**
 * Runs work while holding an exclusive flock(2), waiting for whoever else holds it. The lock is held by a child whose standard input is ours, so the
 * kernel lets it go even when this process is killed. Where there is no `flock` (not Linux) the work runs without.
 * @template T
 * @param {{ file: string, waitSeconds: number }} lock
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 * @throws {Problem} when it is not free in time
 */
export async function withFileLock({ file, waitSeconds }, work) {
  mkdirSync(path.dirname(file), { recursive: true });
  // Detached: Ctrl-C on the terminal must not let go before this process has ended.
  const child = spawn("flock", ["-w", String(waitSeconds), file, "sh", "-c", "echo held; exec cat >/dev/null"], {
    stdio: ["pipe", "pipe", "ignore"],
    detached: true,
  });
  const closed = new Promise((resolve) => child.once("close", resolve));
  const outcome = await new Promise((resolve) => {
    child.once("error", () => resolve("none"));
    child.once("close", () => resolve("busy"));
    child.stdout.once("data", () => resolve("held"));
  });
  if (outcome === "busy") throw new Problem(`Another set-up has held ${file} for ${waitSeconds} s: wait until it has ended and try again.`);
  try {
    return await work();
  } finally {
    if (outcome === "held") {
      child.stdin.end();
      await closed;
    }
  }
}
