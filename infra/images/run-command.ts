import { spawn } from "node:child_process";
import { AppError } from "@hostrouting/domain";

/** How much of a failed program's last words goes into the error: enough for its own message, not its whole log. */
const LAST_WORDS_BYTES = 1200;

/** One program to run to its end. */
export interface Command {
  readonly argv: readonly string[];
  /** After this many milliseconds the program is killed and the call fails. */
  readonly timeoutMs: number;
  /** Written to its standard input, which is then closed. */
  readonly input?: string;
  /** Replaces the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Ends the program before its time; the call then fails. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs a program and gives its standard output.
 * Throws AppError `command.missing` (not installed), `command.timed-out`, `command.failed` (exit code not 0, with its last words).
 */
export function runCommand(command: Command): Promise<string> {
  const [program, ...args] = command.argv;
  if (program === undefined) throw new TypeError("a command needs a program");
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ["pipe", "pipe", "pipe"],
      timeout: command.timeoutMs,
      killSignal: "SIGKILL",
      ...(command.env && { env: command.env }),
      ...(command.cwd && { cwd: command.cwd }),
      ...(command.signal && { signal: command.signal }),
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (part: Buffer) => out.push(part));
    child.stderr.on("data", (part: Buffer) => err.push(part));
    child.stdin.on("error", () => undefined); // a program that ends without reading is judged by its exit code
    child.stdin.end(command.input ?? "");
    child.once("error", (cause: NodeJS.ErrnoException) => reject(cause.code === "ENOENT" ? missing(program) : cause));
    child.once("close", (code, signal) => {
      if (code === 0) resolve(Buffer.concat(out).toString());
      else reject(failure(command, { code, signal, words: Buffer.concat(err).toString() }));
    });
  });
}

function missing(program: string): AppError {
  return new AppError("command.missing", {
    say: `The program ${program} is not installed`,
    do: `Install the Debian package that holds ${program}`,
  });
}

function failure(command: Command, end: { code: number | null; signal: string | null; words: string }): AppError {
  const shown = command.argv.slice(0, 4).join(" ");
  if (end.signal === "SIGKILL")
    return new AppError("command.timed-out", { say: `\`${shown}\` did not end within ${command.timeoutMs / 1000} s and was stopped` });
  const words = end.words.trim().slice(-LAST_WORDS_BYTES);
  return new AppError("command.failed", { say: `\`${shown}\` ended with ${end.code ?? end.signal}${words ? `: ${words}` : ""}` });
}
