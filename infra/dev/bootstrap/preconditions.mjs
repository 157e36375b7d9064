import { spawnSync } from "node:child_process";
import { mkdirSync, statfsSync } from "node:fs";
import { Problem } from "./problem.mjs";

const GIB = 1024 ** 3;

/** Linux with network namespaces and eBPF is the ground under the lab. @throws {Problem} */
export function requireLinux() {
  if (process.platform !== "linux")
    throw new Problem(
      `The lab needs Linux and this is ${process.platform}; "npm start -- --no-lab" runs everything else where Postgres is installed.`,
    );
}

/** @param {string} what for the sentence: what needs it @throws {Problem} */
export function requireRoot(what) {
  if (process.getuid?.() !== 0)
    throw new Problem(
      `${what} needs root (network namespaces, eBPF, containers): run it as root, or use "npm start -- --no-lab" for everything but the cluster.`,
    );
}

/** Go builds the lab's Kubernetes once. @throws {Problem} */
export function requireGo() {
  const version = goVersion();
  const remedy = 'install it from https://go.dev/dl and put it into PATH, or use "npm start -- --no-lab" for everything but the cluster.';
  if (version === undefined) throw new Problem(`The lab needs Go 1.26 or newer and there is none in PATH: ${remedy}`);
  if (version < 1026) throw new Problem(`The lab needs Go 1.26 or newer and this is older: ${remedy}`);
}

/** Major × 1000 + minor; nothing when there is no Go. */
export function goVersion() {
  const answer = spawnSync("go", ["env", "GOVERSION"], { encoding: "utf8" });
  const match = /^go(\d+)\.(\d+)/.exec(answer.stdout ?? "");
  return match ? Number(match[1]) * 1000 + Number(match[2]) : undefined;
}

/** @param {string} folder made when missing @param {number} gib free space wanted @throws {Problem} */
export function requireDisk(folder, gib) {
  mkdirSync(folder, { recursive: true });
  const { bavail, bsize } = statfsSync(folder);
  const free = (bavail * bsize) / GIB;
  if (free < gib)
    throw new Problem(
      `There are ${free.toFixed(1)} GiB free at ${folder} and ${gib} are needed: make room, or choose another place with XDG_CACHE_HOME.`,
    );
}
