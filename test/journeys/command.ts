import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import type { CommandResult } from "./cluster.ts";
import type { Stage } from "./stage.ts";

const CHECKOUT = path.resolve(import.meta.dirname, "../..");
const COMMAND_TIMEOUT_MS = 200_000;

type Ended = { readonly code?: number; readonly stdout: string; readonly stderr: string };

/** `hostrouting` as a user would type it against this stage. */
export async function runCommand(stage: Stage, ...args: readonly string[]): Promise<CommandResult> {
  const env = {
    ...process.env,
    HOSTROUTING_READY_FILE: path.join(stage.stateDir, "ready.json"),
    KUBECONFIG: stage.ready.kubeconfig,
  };
  const options = { cwd: CHECKOUT, env, timeout: COMMAND_TIMEOUT_MS };
  try {
    const { stdout, stderr } = await promisify(execFile)("npm", ["run", "-s", "hostrouting", "--", ...args], options);
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code = -1, stdout, stderr } = error as Ended;
    return { code, stdout, stderr };
  }
}
