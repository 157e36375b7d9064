import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { Problem } from "./problem.mjs";
import { runStep } from "./run-step.mjs";

/** What the private database needs. */
export const databasePackages = ["postgresql"];

/** What the queue needs. */
export const queuePackages = ["redis-server"];

/** What virtual environments of Python need. */
export const pythonPackages = ["python3-venv"];

/** What the lab, the node image, the eBPF objects and the tests with real packets (ping, nc of busybox) need. */
export const labPackages = [
  ...[
    "containerd",
    "runc",
    "containernetworking-plugins",
    "iproute2",
    "iptables",
    "nftables",
    "conntrack",
    "ethtool",
    "kmod",
    "busybox-static",
  ],
  ...["clang-14", "llvm-14", "make", "gcc", "libc6-dev", "libbpf-dev", "libbpf1", "bpftool"],
  ...["mmdebstrap", "buildah", "ca-certificates"],
];

/** What boots other kernels: an emulator, what unpacks modules, and what writes disks. The kernels themselves are only unpacked, never installed. */
export const guestPackages = ["qemu-system-x86", "xz-utils", "libc-bin", "e2fsprogs"];

const UPDATE_TIMEOUT_MS = 3 * 60_000;
const INSTALL_TIMEOUT_MS = 15 * 60_000;
const POLICY = "/usr/sbin/policy-rc.d";
const CLUSTER_DEFAULTS = "/etc/postgresql-common/createcluster.d";
const NO_CLUSTER = `${CLUSTER_DEFAULTS}/acns-hostrouting.conf`;

/**
 * Installs the Debian packages that are missing; asks dpkg only, when there are none. No daemon of the distribution is started and no database cluster made:
 * ours run privately.
 * @param {string[]} wanted
 * @throws {Problem}
 */
export async function ensureDebianPackages(wanted) {
  const missing = missingPackages(wanted);
  if (missing.length === 0) return;
  const list = missing.join(" ");
  if (!existsSync("/usr/bin/apt-get"))
    throw new Problem(`These packages are missing and this is neither Debian nor Ubuntu: ${list}; install their like and try again.`);
  if (process.getuid() !== 0)
    throw new Problem(`These Debian packages are missing: ${list}; run "apt-get install ${list}" as root, or this command as root.`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const remedy = "Check that this machine can reach its package archive and has room on its disk, then try again.";
  await runStep({
    title: "Asking the archive for its packages",
    command: "apt-get",
    args: ["update", "-q"],
    env,
    timeoutMs: UPDATE_TIMEOUT_MS,
    remedy,
  });
  const undo = keepDaemonsFromStarting();
  try {
    const args = ["install", "-y", "-q", "--no-install-recommends", ...missing];
    await runStep({
      title: `Installing Debian packages: ${list}`,
      command: "apt-get",
      args,
      env,
      timeoutMs: INSTALL_TIMEOUT_MS,
      remedy,
    });
  } finally {
    undo();
  }
}

/**
 * As `ensureDebianPackages`, for what can be done without: says in one line what could not be had.
 * @param {string[]} wanted
 */
export async function tryDebianPackages(wanted) {
  try {
    await ensureDebianPackages(wanted);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    process.stdout.write(`Going on without ${wanted.join(" ")}: ${error.message}\n`);
  }
}

function missingPackages(wanted) {
  const answer = spawnSync("dpkg-query", ["-W", "-f", "${Package} ${db:Status-Status}\n", ...wanted], { encoding: "utf8" });
  const installed = new Set(
    (answer.stdout ?? "")
      .split("\n")
      .filter((line) => line.endsWith(" installed"))
      .map((line) => line.split(" ")[0]),
  );
  return wanted.filter((name) => !installed.has(name));
}

/** For the time of the installation only; a policy that is already there stays. */
function keepDaemonsFromStarting() {
  const made = [];
  const write = (file, text, mode) => {
    if (existsSync(file)) return;
    writeFileSync(file, text, { mode });
    made.push(file);
  };
  mkdirSync(CLUSTER_DEFAULTS, { recursive: true });
  write(NO_CLUSTER, "create_main_cluster = false\n", 0o644);
  write(POLICY, "#!/bin/sh\nexit 101\n", 0o755);
  return () => made.forEach((file) => rmSync(file, { force: true }));
}
