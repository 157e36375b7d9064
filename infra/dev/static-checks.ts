import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

/** A tool that looks at the sources; answers "" or what it found. `begun` is told of each process. */
export type StaticCheck = { readonly name: string; run(checkout: string, begun: Begun): Promise<string> };
type Begun = (pid: number) => void;

/** Tools take ten seconds each, and minutes with what others leave them of a busy machine. */
const TOOL_TIMEOUT_MS = 600_000;
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;
const GENERATED = ["packages/*/src/*.gen.ts", "api/*.yaml"];
const execute = promisify(execFile);

/** Every check, cheapest first. TypeScript 7 is called by its path: the name `tsc` belongs to version 6, which other tools need. */
export const staticChecks: readonly StaticCheck[] = [
  {
    name: "types (tsc)",
    run: (checkout, begun) => tool(checkout, begun, ["node_modules/typescript-native/bin/tsc", "-p", "tsconfig.json", "--noEmit"]),
  },
  {
    name: "lint (oxlint)",
    run: (checkout, begun) => tool(checkout, begun, ["node_modules/oxlint/bin/oxlint", "--type-aware", "--deny-warnings", "--format=unix"]),
  },
  { name: "format (oxfmt)", run: (checkout, begun) => tool(checkout, begun, ["node_modules/oxfmt/bin/oxfmt", "--check"]) },
  {
    name: "unused and undeclared (knip)",
    run: (checkout, begun) => tool(checkout, begun, ["node_modules/knip/bin/knip.js", "--no-progress", "--no-config-hints"]),
  },
  { name: "generated files are up to date", run: generatedFilesAreUpToDate },
];

async function tool(checkout: string, begun: Begun, args: readonly string[]): Promise<string> {
  try {
    const running = execute(process.execPath, args, { cwd: checkout, timeout: TOOL_TIMEOUT_MS, maxBuffer: OUTPUT_BYTES_MAX });
    if (running.child.pid !== undefined) begun(running.child.pid);
    await running;
    return "";
  } catch (error) {
    const { stdout = "", stderr = "", message } = error as { stdout?: string; stderr?: string; message: string };
    return `${stdout}${stderr}`.trim() || message;
  }
}

/** Generates everything again and compares content, not Git's opinion: it holds outside a checkout and beside uncommitted changes. */
async function generatedFilesAreUpToDate(checkout: string, begun: Begun): Promise<string> {
  const before = hashes(checkout);
  const problem = await tool(checkout, begun, ["--disable-warning=ExperimentalWarning", "api/generate.ts"]);
  if (problem !== "") return problem;
  const after = hashes(checkout);
  const changed = [...new Set([...before.keys(), ...after.keys()])].filter((file) => before.get(file) !== after.get(file));
  return changed.length === 0 ? "" : `Generated anew, commit them: ${changed.join(", ")}`;
}

function hashes(checkout: string): Map<string, string> {
  const files = GENERATED.flatMap((pattern) => globSync(pattern, { cwd: checkout }));
  return new Map(
    files.map((file) => [
      file,
      createHash("sha256")
        .update(readFileSync(path.join(checkout, file)))
        .digest("hex"),
    ]),
  );
}
