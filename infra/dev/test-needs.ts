import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { isComplete, pythonEnvironment } from "./bootstrap/python-environment.mjs";
import type { Need } from "./test-suites.ts";

/** Asks the machine for what a suite needs; answers why it cannot run, or nothing. */
export function whyNot(needs: readonly Need[]): string | undefined {
  return needs.map((need) => REFUSALS[need]()).find((refusal) => refusal !== undefined);
}

const GO_VERSION_MIN = 26;

const REFUSALS: Readonly<Record<Need, () => string | undefined>> = {
  linux: () => (process.platform === "linux" ? undefined : "it needs Linux"),
  root: () => (process.getuid?.() === 0 ? undefined : "it needs root"),
  postgres: () => (existsSync("/usr/lib/postgresql") ? undefined : "it needs Postgres (apt-get install postgresql)"),
  python: () =>
    isComplete(pythonEnvironment("conformance"))
      ? undefined
      : "it needs Python with venv and its package index (apt-get install python3-venv)",
  qemu: () => {
    if (process.arch !== "x64") return "it needs an x86-64 machine: its guests run this machine's own Node";
    const missing = ["/usr/bin/qemu-system-x86_64", "/bin/busybox", "/usr/bin/apt-get"].find((file) => !existsSync(file));
    return missing === undefined ? undefined : `it needs ${missing} (apt-get install qemu-system-x86 busybox-static)`;
  },
  az: () =>
    isComplete(pythonEnvironment("az")) ? undefined : "it needs Azure CLI in the cache (npm test installs it; see what it said above)",
  go: () => (goMinor() >= GO_VERSION_MIN ? undefined : "it needs Go 1.26 or newer in PATH"),
};

function goMinor(): number {
  try {
    return Number(/^go1\.(\d+)/.exec(execFileSync("go", ["env", "GOVERSION"], { encoding: "utf8" }))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
