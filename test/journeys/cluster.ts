import { execFile, spawn, type ExecFileException } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import type { KubeObject } from "./shapes.ts";

const run = promisify(execFile);
const checkout = path.resolve(import.meta.dirname, "../..");

/** A pod's place. */
export type PodName = { readonly namespace: string; readonly name: string };
/** How a command ended, and what it said. */
export type CommandResult = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** What kubectl adds when the command was run and ended otherwise than with 0. */
const COMMAND_ENDED = /^command terminated with exit code \d+$/m;

/** The lab's cluster as its administrator sees it: `kubectl` of the lab, and programs run in a node's namespaces. */
export type Cluster = {
  /** `kubectl …`; answers standard output. */
  kubectl(...args: string[]): Promise<string>;
  /** One object by `kubectl get … -o json`. `name`: `kind/name`. */
  get(name: string, ...more: string[]): Promise<KubeObject>;
  /** The same for a list. */
  list(kind: string, ...more: string[]): Promise<readonly KubeObject[]>;
  /** Applies one object. */
  apply(object: unknown): Promise<void>;
  /** Runs a command in a pod's first container. @throws when it was not run */
  exec(pod: PodName, ...command: string[]): Promise<CommandResult>;
  /** `npm run lab -- …` on this lab. */
  lab(verb: string, ...args: string[]): Promise<string>;
};

/** Opens the cluster of a kubeconfig. `stateDir` names the lab whose kubectl is used. */
export function openCluster(kubeconfig: string, stateDir: string): Cluster {
  const lab = async (...args: string[]): Promise<string> => {
    const { stdout } = await run(process.execPath, [path.join(checkout, "infra/lab/lab.ts"), ...args], {
      timeout: 120_000,
      maxBuffer: 32 << 20,
    });
    return stdout;
  };
  // The lab's own programs hold kubectl; started directly it answers in a tenth of the time.
  const record = JSON.parse(readFileSync(path.join(stateDir, "lab", "lab.json"), "utf8")) as { programs: string };
  const program = path.join(record.programs, "kubectl");
  const kubectl = async (...args: string[]): Promise<string> => {
    const { stdout } = await run(program, ["--kubeconfig", kubeconfig, ...args], { timeout: 90_000, maxBuffer: 32 << 20 });
    return stdout;
  };
  const exec = async ({ namespace, name }: PodName, ...command: string[]): Promise<CommandResult> => {
    const args = ["--kubeconfig", kubeconfig, "exec", "--namespace", namespace, name, "--", ...command];
    try {
      return { code: 0, ...(await run(program, args, { timeout: 90_000, maxBuffer: 32 << 20 })) };
    } catch (error) {
      const { code, stdout, stderr } = error as ExecFileException & { stdout: string; stderr: string };
      if (typeof code !== "number" || !COMMAND_ENDED.test(stderr)) throw error;
      return { code, stdout, stderr: stderr.replace(COMMAND_ENDED, "").trimEnd() };
    }
  };
  return {
    kubectl,
    exec,
    lab: (verb, ...args) => lab(verb, "--state-dir", stateDir, ...args),
    get: async (...args) => JSON.parse(await kubectl("get", ...args, "-o", "json")) as KubeObject,
    list: async (...args) => (JSON.parse(await kubectl("get", ...args, "-o", "json")) as { items: KubeObject[] }).items,
    apply: (object) =>
      new Promise((resolve, reject) => {
        const child = spawn(program, ["--kubeconfig", kubeconfig, "apply", "-f", "-"], { stdio: ["pipe", "ignore", "inherit"] });
        child.once("exit", (code) => (code === 0 ? resolve() : reject(new Error(`kubectl apply ended with ${code}`))));
        child.stdin.end(JSON.stringify(object));
      }),
  };
}
