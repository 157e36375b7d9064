import { execFileSync } from "node:child_process";
import { globSync } from "node:fs";
import path from "node:path";

const COMPILE_TIMEOUT_MS = 60_000;
const WARNINGS = ["-Wall", "-Wextra", "-Werror", "-Wno-missing-field-initializers"];

/** Compiles the evasion tool of this folder as one static program, which runs in any root file system. */
export function buildEvade(target: string): void {
  const sources = globSync("*.c", { cwd: import.meta.dirname }).map((name) => path.join(import.meta.dirname, name));
  execFileSync("gcc", ["-Os", "-static", "-s", ...WARNINGS, "-o", target, ...sources], { timeout: COMPILE_TIMEOUT_MS });
}
