import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";

const FORWARDED = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"];
const PARENT_CHECK_MS = 1_000;
const SETPRIV = "/usr/bin/setpriv";

/**
 * Hands over to another program as `exec` would: its signals, its output, its exit code. The kernel ends the program when this process dies
 * (PR_SET_PDEATHSIG), and this process ends when npm, which started it, dies: whatever part is killed, nothing stays behind.
 * @returns {Promise<number>} the exit code
 */
export function handOver(command, args, options) {
  const bound = existsSync(SETPRIV) ? [SETPRIV, ["--pdeathsig", "TERM", "--", command, ...args]] : [command, args];
  const child = spawn(bound[0], bound[1], { ...options, stdio: "inherit" });
  for (const signal of FORWARDED) process.on(signal, () => child.kill(signal));
  const parent = process.ppid;
  if (process.env.npm_lifecycle_event !== undefined)
    setInterval(() => {
      if (process.ppid !== parent) child.kill("SIGTERM");
    }, PARENT_CHECK_MS).unref();
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve(signal === null ? code : 128 + (constants.signals[signal] ?? 0)));
  });
}
