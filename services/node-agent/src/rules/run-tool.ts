import { spawn } from "node:child_process";
import { explain } from "@hostrouting/domain";

/** What a tool printed, or why nothing it printed can be believed. */
export type ToolAnswer = { readonly text: string } | { readonly failed: string };

/** When a tool is given up, and how much it may print. */
export type ToolLimits = { readonly timeoutMs: number; readonly bytesMax: number };

/** Of what a tool complains: its first line says it. */
const COMPLAINT_BYTES_MAX = 4096;

/**
 * Runs a tool and reads all that it prints. Nothing is thrown, and nothing waits for longer than the time-out: a tool that ignores its end, or
 * left somebody behind who holds its output, is left to the kernel. Bytes that are no UTF-8 become U+FFFD.
 */
export function runTool([program, ...args]: readonly [string, ...string[]], { timeoutMs, bytesMax }: ToolLimits): Promise<ToolAnswer> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, LC_ALL: "C" } });
    const printed = new Printed(bytesMax);
    const complained = new Printed(COMPLAINT_BYTES_MAX);
    const end = (answer: ToolAnswer): void => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      child.stdout.destroy();
      child.stderr.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => end({ failed: `${program} did not end within ${timeoutMs / 1000} s` }), timeoutMs);
    child.stdout.on("data", (chunk: Buffer) => {
      if (!printed.take(chunk)) end({ failed: `${program} printed more than ${bytesMax} bytes` });
    });
    child.stderr.on("data", (chunk: Buffer) => complained.take(chunk));
    child.once("error", (error) => end({ failed: notStarted(program, error) }));
    child.once("close", (code, signal) => {
      if (code === 0) return end({ text: printed.text() });
      const how = signal === null ? `with code ${code}` : `by ${signal}`;
      const [complaint = ""] = complained.text().trim().split("\n", 1);
      end({ failed: `${program} ended ${how}${complaint === "" ? "" : `: ${complaint}`}` });
    });
  });
}

function notStarted(program: string, error: NodeJS.ErrnoException): string {
  return error.code === "ENOENT" ? `${program} is not there` : `${program} cannot be started: ${explain(error)}`;
}

/** What came of a stream, up to a limit. */
class Printed {
  readonly #max: number;
  readonly #chunks: Buffer[] = [];
  #length = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** False: there is more than the limit. */
  take(chunk: Buffer): boolean {
    this.#length += chunk.length;
    if (this.#length > this.#max) return false;
    this.#chunks.push(chunk);
    return true;
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }
}
