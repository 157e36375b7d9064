import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { npmCli } from "./node-24.mjs";
import { checkout } from "./places.mjs";
import { runStep } from "./run-step.mjs";

const INSTALL_TIMEOUT_MS = 10 * 60_000;

/**
 * Runs `npm ci` under Node 24 when node_modules is not what package-lock.json says.
 * @param {string} node24 path of the binary
 * @throws {Problem}
 */
export async function ensureDependencies(node24) {
  if (dependenciesMatch(checkout)) return;
  const env = { ...process.env, PATH: `${path.dirname(node24)}${path.delimiter}${process.env.PATH}` };
  await runStep({
    title: "Installing dependencies (npm ci)",
    command: node24,
    args: [npmCli(), "ci", "--no-audit", "--no-fund", "--loglevel=error"],
    cwd: checkout,
    env,
    timeoutMs: INSTALL_TIMEOUT_MS,
    remedy: "Check that npm can reach its registry, then try again.",
  });
}

/**
 * Compares the lock file with npm's own record of what it installed (node_modules/.package-lock.json): every package there, in its version, every workspace linked.
 * Packages for other systems are in the lock only, marked optional.
 * @param {string} root folder of package-lock.json
 */
export function dependenciesMatch(root) {
  const record = path.join(root, "node_modules/.package-lock.json");
  if (!existsSync(record)) return false;
  const wanted = JSON.parse(readFileSync(path.join(root, "package-lock.json"), "utf8")).packages;
  const installed = JSON.parse(readFileSync(record, "utf8")).packages;
  return Object.entries(wanted).every(([place, entry]) => {
    if (!place.includes("node_modules/")) return true;
    const there = installed[place];
    if (there === undefined) return entry.optional === true || entry.devOptional === true;
    if (entry.link === true) return there.link === true && existsSync(path.join(root, place));
    return there.version === entry.version && there.integrity === entry.integrity;
  });
}
