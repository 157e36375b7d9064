import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { withFileLock } from "./file-lock.mjs";
import { cacheFolder, checkout } from "./places.mjs";
import { runStep } from "./run-step.mjs";

const VENV_TIMEOUT_MS = 2 * 60_000;
/** az alone is a gigabyte of small files. */
const INSTALL_TIMEOUT_MS = 15 * 60_000;
/** Written last: an environment without it was left half made. */
const COMPLETE = "complete";

/**
 * Folder of a virtual environment of Python with the packages of `infra/dev/python/<name>.txt`. Its own name holds the digest of that file, so that a
 * changed list is a new environment and one that is in use is never changed.
 * @param {string} name
 */
export function pythonEnvironment(name) {
  const digest = createHash("sha256")
    .update(readFileSync(path.join(checkout, "infra/dev/python", `${name}.txt`)))
    .digest("hex");
  return path.join(cacheFolder(), "python", `${name}-${digest.slice(0, 12)}`);
}

/**
 * Makes the environment unless it is there. Those of older lists stay, since another checkout may use them. Programs are called by their full path (`bin/python`, `bin/az`); nothing is activated.
 * @param {string} name
 * @returns {Promise<string>} the folder
 * @throws {Problem}
 */
export async function ensurePythonEnvironment(name) {
  const folder = pythonEnvironment(name);
  if (isComplete(folder)) return folder;
  await withFileLock({ file: `${folder}.lock`, waitSeconds: (VENV_TIMEOUT_MS + INSTALL_TIMEOUT_MS) / 1000 }, async () => {
    if (!isComplete(folder)) await make(name, folder);
  });
  return folder;
}

/** Whether it was made to its end, and the Python that it was made with is there still: an upgrade of the system takes it away. */
export function isComplete(folder) {
  return existsSync(path.join(folder, COMPLETE)) && spawnSync(path.join(folder, "bin/python"), ["-c", ""]).status === 0;
}

async function make(name, folder) {
  const remedy = "Check that pip can reach its index and that python3-venv is installed, then try again.";
  rmSync(folder, { recursive: true, force: true });
  await runStep({
    title: `Making a virtual environment of Python: ${name}`,
    command: "python3",
    args: ["-m", "venv", folder],
    timeoutMs: VENV_TIMEOUT_MS,
    remedy,
  });
  await runStep({
    title: `Installing its packages (infra/dev/python/${name}.txt)`,
    command: path.join(folder, "bin/pip"),
    args: [
      "install",
      "--quiet",
      "--disable-pip-version-check",
      "--no-input",
      "--only-binary",
      ":all:",
      "-r",
      path.join(checkout, "infra/dev/python", `${name}.txt`),
    ],
    timeoutMs: INSTALL_TIMEOUT_MS,
    remedy,
  });
  writeFileSync(path.join(folder, COMPLETE), "");
}
