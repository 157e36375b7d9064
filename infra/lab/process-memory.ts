import { readFile } from "node:fs/promises";

/** Sum of the processes' proportional set sizes (Pss of /proc/PID/smaps_rollup, proc(5)), in bytes. Processes that have ended count nothing. */
export async function processMemory(pids: readonly number[]): Promise<number> {
  const sizes = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/smaps_rollup`, "utf8").then(proportionalBytes, () => 0)));
  return sizes.reduce((sum, size) => sum + size, 0);
}

function proportionalBytes(rollup: string): number {
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1024;
}
