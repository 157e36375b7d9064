import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { AppError } from "@hostrouting/domain";

/** What to lock and how long to wait for it. */
export interface FileLock {
  readonly file: string;
  readonly waitMs: number;
  /** Who else may hold it, for the error: "another build". */
  readonly holder: string;
}

/**
 * Runs work while holding an exclusive flock(2). The lock is held by a child whose standard input is ours, so the kernel lets it go
 * even when this process is killed. Throws AppError `lock.busy` when it is not free within waitMs.
 */
export async function withFileLock<T>(lock: FileLock, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(lock.file), { recursive: true });
  const waitSeconds = String(Math.ceil(lock.waitMs / 1000));
  const child = spawn("flock", ["-w", waitSeconds, lock.file, "sh", "-c", "echo held; exec cat >/dev/null"], {
    stdio: ["pipe", "pipe", "ignore"],
    detached: true, // Ctrl-C on the terminal must not let go before this process has cleaned up
  });
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const held = await new Promise<boolean>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => resolve(false));
    child.stdout.once("data", () => resolve(true));
  });
  if (!held) throw new AppError("lock.busy", { say: `${lock.holder} holds ${lock.file}`, do: "Wait until it has ended and try again" });
  try {
    return await work();
  } finally {
    child.stdin.end();
    await closed;
  }
}
