import { execFileSync } from "node:child_process";
import { mkdtempSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const ARCH = { x64: "x86_64", arm64: "aarch64" }[process.arch as "x64" | "arm64"];
const TOOL_TIMEOUT_MS = 30_000;

/** One of this folder's C files, compiled into a folder of its own. `remove` when the test is over. */
export function compileObject(source: "guard_walk" | "loader_test" | "refused" | "priority_tag"): { file: string; remove(): void } {
  const folder = mkdtempSync(path.join(tmpdir(), "loader-"));
  const file = path.join(folder, `${source}.bpf.o`);
  const args = ["-O2", "-g", "-mcpu=v3", "-target", "bpf", "-Wall", "-Werror", "-idirafter", `/usr/include/${ARCH}-linux-gnu`];
  execFileSync("clang-14", [...args, "-c", path.join(import.meta.dirname, `${source}.bpf.c`), "-o", file], { timeout: TOOL_TIMEOUT_MS });
  return { file, remove: () => rmSync(folder, { recursive: true }) };
}

/** The program that puts a netfilter program at a hook, compiled into a folder of its own. `remove` when the test is over. */
export function compileNetfilterLink(): { file: string; remove(): void } {
  const folder = mkdtempSync(path.join(tmpdir(), "netfilter-link-"));
  const file = path.join(folder, "netfilter_link");
  const args = ["-O1", "-Wall", "-Werror", "-o", file, path.join(import.meta.dirname, "netfilter_link.c")];
  execFileSync("clang-14", args, { timeout: TOOL_TIMEOUT_MS });
  return { file, remove: () => rmSync(folder, { recursive: true }) };
}

/** A bpf file system of the test's own, so that its pins meet nobody else's. `remove` drops every pin with it. */
export function mountPins(): { folder: string; remove(): void } {
  const folder = mkdtempSync(path.join(tmpdir(), "loader-pins-"));
  execFileSync("mount", ["-t", "bpf", "loader-test", folder], { timeout: TOOL_TIMEOUT_MS });
  const remove = (): void => {
    execFileSync("umount", [folder], { timeout: TOOL_TIMEOUT_MS });
    rmdirSync(folder);
  };
  return { folder, remove };
}
