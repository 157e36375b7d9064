import { spawn } from "node:child_process";
import path from "node:path";
import { pythonEnvironment } from "../../infra/dev/bootstrap/python-environment.mjs";

const SAID_CHARACTERS_MAX = 3_000;

/**
 * Runs a program of python/ in the suite's virtual environment: its orders go to standard input as JSON, so that no secret stands in arguments or
 * environment; what it prints is JSON.
 * @throws Error with the end of what it said when it fails or takes longer.
 */
export function runPython<T>(program: string, order: object, timeoutMs: number): Promise<T> {
  const python = path.join(pythonEnvironment("conformance"), "bin/python");
  return new Promise((resolve, reject) => {
    const child = spawn(python, [path.join(import.meta.dirname, "python", program)], {
      stdio: ["pipe", "pipe", "pipe"],
      timeout: timeoutMs,
    });
    const output: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
    child.once("error", reject);
    child.once("close", (code, signal) => {
      if (code === 0) resolve(JSON.parse(Buffer.concat(output).toString()) as T);
      else reject(new Error(`${program} ended with ${code ?? signal}: ${Buffer.concat(errors).toString().slice(-SAID_CHARACTERS_MAX)}`));
    });
    child.stdin.end(JSON.stringify(order));
  });
}
