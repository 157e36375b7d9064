import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import path from "node:path";
import { cacheFolder } from "./places.mjs";
import { Problem } from "./problem.mjs";

const HEARTBEAT_MS = 10_000;
const TAIL_LINES = 12;

/**
 * Runs one step of the set-up: prints what it does, a sign of life every 10 s, and how long it took. Output goes to a log in the cache folder.
 * @param {{ title: string, command: string, args: string[], cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs: number, remedy: string }} step
 * @throws {Problem} with the last lines of the log and the remedy, when the command fails or its time is up.
 */
export async function runStep(step) {
  const startedAtMs = Date.now();
  const seconds = () => Math.round((Date.now() - startedAtMs) / 1000);
  process.stderr.write(`· ${step.title}\n`);
  mkdirSync(path.join(cacheFolder(), "logs"), { recursive: true });
  const logFile = path.join(cacheFolder(), "logs", `${path.basename(step.command)}.log`);
  const log = openSync(logFile, "w");
  const heartbeat = setInterval(() => process.stderr.write(`  … ${seconds()} s\n`), HEARTBEAT_MS);
  try {
    const outcome = await finished(
      spawn(step.command, step.args, { cwd: step.cwd, env: step.env ?? process.env, stdio: ["ignore", log, log] }),
      step.timeoutMs,
    );
    if (outcome !== "")
      throw new Problem(`${step.title}: ${step.command} ${outcome}. ${step.remedy}\n${tail(logFile)}\n(whole log: ${logFile})`);
  } finally {
    clearInterval(heartbeat);
    closeSync(log);
  }
  process.stderr.write(`  done in ${seconds()} s\n`);
}

/** Waits for a process; answers "" when it ended well, else what became of it. */
function finished(child, timeoutMs) {
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
    const end = (outcome) => {
      clearTimeout(timer);
      resolve(outcome);
    };
    child.on("error", (error) => end(`could not be started (${error.code ?? error.message})`));
    child.on("exit", (code, signal) => end(code === 0 ? "" : signal ? `was ended by ${signal}` : `failed with exit code ${code}`));
  });
}

function tail(file) {
  return readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .slice(-TAIL_LINES)
    .map((line) => `    ${line}`)
    .join("\n");
}
