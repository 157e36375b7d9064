import { Writable } from "node:stream";
import { AppError } from "@hostrouting/domain";
import { CoreV1Api, Exec, KubeConfig, type V1Status } from "@kubernetes/client-node";
import { BUNDLE_NAMESPACE, BUNDLE_SELECTOR } from "./names.ts";

/** A look at maps takes seconds; a removal scans before and after, and each of its tools may take half a minute on a busy node. */
const RUN_TIMEOUT_MS = 180_000;
/** More than this is not an answer of ours. */
const OUTPUT_BYTES_MAX = 1024 * 1024;
const CONTAINER = "agent";

/** How a program ended. */
export type ProgramEnd = { readonly stdout: string; readonly stderr: string; readonly exitCode: number };

/**
 * Runs a program in the container of a node's agent, as `kubectl exec` does, with the rights of `kubeconfig` (a file's path; else KUBECONFIG
 * and the usual places). Nothing on the node listens for it.
 * @throws AppError `kube.credential-refused`, `kube.no-agent`, `kube.unreachable`
 */
export async function runBesideAgent(kubeconfig: string | undefined, node: string, command: readonly string[]): Promise<ProgramEnd> {
  const config = loadConfig(kubeconfig);
  const pod = await agentPod(config, node);
  const [stdout, stderr] = [new Collected(), new Collected()];
  const ended = Promise.withResolvers<V1Status>();
  const timer = setTimeout(() => ended.reject(new Error(`no answer in ${RUN_TIMEOUT_MS / 1000} s`)), RUN_TIMEOUT_MS);
  try {
    const opening = new Exec(config).exec(BUNDLE_NAMESPACE, pod, CONTAINER, [...command], stdout, stderr, null, false, ended.resolve);
    const socket = await Promise.race([opening, ended.promise.then(() => opening)]);
    socket.on("close", () => ended.reject(new Error("the connection ended before the program did")));
    const exitCode = exitCodeOf(await ended.promise);
    return { stdout: stdout.text(), stderr: stderr.text(), exitCode };
  } catch (cause) {
    throw new AppError("kube.unreachable", {
      say: `The agent's pod ${pod} on ${node} did not run the program`,
      do: "Check that the identity of the kubeconfig may create pods/exec there.",
      cause: cause instanceof Error ? cause : new Error("the API server refused the connection"),
    });
  } finally {
    clearTimeout(timer);
  }
}

/** The code with which a program ended, from the status that comes last on the connection (`v1.Status`, cause `ExitCode`). */
export function exitCodeOf(status: Pick<V1Status, "status" | "details" | "message">): number {
  if (status.status === "Success") return 0;
  const code = status.details?.causes?.find(({ reason }) => reason === "ExitCode")?.message;
  if (code === undefined) throw new Error(status.message ?? "the program could not be started");
  return Number(code);
}

function loadConfig(kubeconfig: string | undefined): KubeConfig {
  const config = new KubeConfig();
  try {
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
  } catch (cause) {
    throw new AppError("kube.credential-refused", {
      say: `The kubeconfig ${kubeconfig ?? ""} cannot be read`,
      do: "Name one with --kubeconfig or KUBECONFIG.",
      cause,
    });
  }
  return config;
}

async function agentPod(config: KubeConfig, node: string): Promise<string> {
  const labelSelector = Object.entries(BUNDLE_SELECTOR)
    .map(([name, value]) => `${name}=${value}`)
    .join();
  const list = config
    .makeApiClient(CoreV1Api)
    .listNamespacedPod({ namespace: BUNDLE_NAMESPACE, labelSelector, fieldSelector: `spec.nodeName=${node},status.phase=Running` });
  const { items } = await list.catch((cause: unknown) => {
    throw new AppError("kube.unreachable", {
      say: "The cluster's API server did not list the agents' pods",
      do: "Check the kubeconfig: --kubeconfig or KUBECONFIG.",
      cause: new Error(cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause)),
    });
  });
  const name = items.find((pod) => pod.metadata?.deletionTimestamp === undefined)?.metadata?.name;
  if (name !== undefined) return name;
  throw new AppError("kube.no-agent", {
    say: `No agent runs on a node ${node}`,
    do: "Check the node's name; agents run where host routing is on or being turned on.",
  });
}

/** What a program wrote, up to a limit. */
class Collected extends Writable {
  readonly #chunks: Buffer[] = [];
  #length = 0;

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.#length += chunk.length;
    if (this.#length > OUTPUT_BYTES_MAX) return done(new Error("the program's output has no end"));
    this.#chunks.push(chunk);
    done();
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }
}
