import { Writable } from "node:stream";
import { Exec, type KubeConfig, type V1Status } from "@kubernetes/client-node";

/** More than this is not an answer of ours. */
const OUTPUT_BYTES_MAX = 1024 * 1024;

/** How a program ended. */
export type ProgramEnd = { readonly stdout: string; readonly stderr: string; readonly exitCode: number };

/** What runs where, and for how long at most. */
export type PodProgram = {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly command: readonly string[];
  readonly timeoutMs: number;
};

/**
 * Runs a program in a container, as `kubectl exec` does.
 * @throws Error when there is no answer in time, or the API server refuses
 */
export async function runInPod(config: KubeConfig, { namespace, pod, container, command, timeoutMs }: PodProgram): Promise<ProgramEnd> {
  const [stdout, stderr] = [new Collected(), new Collected()];
  const ended = Promise.withResolvers<V1Status>();
  const timer = setTimeout(() => ended.reject(new Error(`no answer in ${timeoutMs / 1000} s`)), timeoutMs);
  try {
    const opening = new Exec(config).exec(namespace, pod, container, [...command], stdout, stderr, null, false, ended.resolve);
    const socket = await Promise.race([opening, ended.promise.then(() => opening)]);
    socket.on("close", () => ended.reject(new Error("the connection ended before the program did")));
    const exitCode = exitCodeOf(await ended.promise);
    return { stdout: stdout.text(), stderr: stderr.text(), exitCode };
  } catch (cause) {
    throw cause instanceof Error ? cause : new Error("the API server refused the connection");
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
