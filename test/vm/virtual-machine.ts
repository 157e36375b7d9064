import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import path from "node:path";
import { emulatorCommand } from "../../infra/guests/emulator.ts";
import type { GuestKernel } from "../../infra/guests/guest-kernel.ts";
import { writeInitramfs } from "../../infra/guests/initramfs.ts";
import { guestImage } from "./guest-image.ts";
import type { GuestLine } from "./guest/report.ts";

/** An emulated processor boots in 10 s on an idle machine and loads everything in as much again; the guard's guest needs a minute, and five on a busy one. */
const RUN_TIMEOUT_MS = 600_000;
/** Node, its libraries and the archive that they come from need 500 MB. */
const MEMORY_MIB = 1536;
const CONSOLE_TAIL_BYTES = 4000;

/** Emulated, Node is ended by SIGTRAP or SIGSEGV now and then while it compiles its own code; what ends it every time is ours. */
const RUNTIME_BROKE = /node ended with (133|139) /;
const BOOTS_MAX = 4;

/** An emulated processor keeps one real one busy. */
const AT_ONCE = Math.min(2, availableParallelism());
const lanes: Promise<unknown>[] = Array.from({ length: AT_ONCE }, () => Promise.resolve());
let turns = 0;

/** Begins a guest's run as soon as a processor is free for it, before the tests that look at what it said. */
export function inTurn<Result>(run: () => Promise<Result>): Promise<Result> {
  const lane = turns++ % AT_ONCE;
  const result = (lanes[lane] ?? Promise.resolve()).then(run);
  lanes[lane] = result.catch(() => undefined); // whoever awaits it is told
  return result;
}

/** What a guest does: a program of test/vm/guest, and the kernel's list of security modules; its own when not given. */
export type GuestTask = { readonly script?: string; readonly lsm?: string };

/**
 * Boots a kernel without network and disk, and gives back what the guest said. No hardware virtualisation is needed or used: timings
 * mean nothing, everything else is as on a real machine. A guest whose Node broke by itself is booted again; nothing else is tried twice.
 * @throws Error with the end of the guest's console when it ended without saying so, or not in time.
 */
export async function runGuest<Line extends { readonly kind: string } = GuestLine>(
  kernel: GuestKernel,
  { script = "main.ts", lsm }: GuestTask = {},
): Promise<Line[]> {
  const append = [`guest.script=${script}`, ...(lsm === undefined ? [] : [`lsm=${lsm}`])];
  for (let boot = 1; ; boot++) {
    const { lines, end } = await bootOnce<Line>(kernel, append);
    if (lines.at(-1)?.kind === "end") return lines;
    if (boot === BOOTS_MAX || !RUNTIME_BROKE.test(end)) throw new Error(`${kernel.release} did not come to its end: ${end}`);
    process.stdout.write(`the guest's Node broke by itself, so ${kernel.release} is booted again\n`);
  }
}

async function bootOnce<Line>(kernel: GuestKernel, append: readonly string[]): Promise<{ lines: Line[]; end: string }> {
  const folder = mkdtempSync(path.join(tmpdir(), "guest-"));
  try {
    writeInitramfs(path.join(folder, "initramfs"), await guestImage(kernel));
    await emulate(kernel, folder, append);
    return { lines: readLines<Line>(path.join(folder, "report")), end: consoleTail(folder) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function emulate(kernel: GuestKernel, folder: string, append: readonly string[]): Promise<void> {
  const [program, ...machine] = emulatorCommand({
    kernel: kernel.image,
    initramfs: path.join(folder, "initramfs"),
    commandLine: ["console=ttyS0", ...append],
    processors: 1,
    memoryMib: MEMORY_MIB,
  });
  const serial = ["-serial", `file:${folder}/console`, "-serial", `file:${folder}/report`];
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...machine, ...serial], { stdio: ["ignore", "ignore", "pipe"] });
    let complaints = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (complaints = (complaints + text).slice(-CONSOLE_TAIL_BYTES)));
    const timer = setTimeout(() => child.kill("SIGKILL"), RUN_TIMEOUT_MS);
    child.once("error", reject);
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve();
      else reject(new Error(`qemu ended with ${code ?? signal}: ${complaints}${consoleTail(folder)}`));
    });
  });
}

function readLines<Line>(file: string): Line[] {
  return readFileSync(file, "utf8")
    .split(/\r?\n/)
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Line);
}

function consoleTail(folder: string): string {
  return readFileSync(path.join(folder, "console"), "utf8").slice(-CONSOLE_TAIL_BYTES);
}
