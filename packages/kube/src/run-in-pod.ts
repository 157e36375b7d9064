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
  const ended = Promise.withResolvers<V1Status>();
  const tooLong = (): void => ended.reject(new Error("the program's output has no end"));
  const [stdout, stderr] = [new Collected(tooLong), new Collected(tooLong)];
  const timer = setTimeout(() => ended.reject(new Error(`no answer in ${timeoutMs / 1000} s`)), timeoutMs);
  const exec = new Exec(config);
  exec.handler = guarded(exec.handler, ended.reject);
  const opening = exec.exec(namespace, pod, container, [...command], stdout, stderr, null, false, ended.resolve);
  try {
    const socket = await Promise.race([opening, ended.promise.then(() => opening)]);
    socket.on("close", () => ended.reject(new Error("the connection ended before the program did")));
    const exitCode = exitCodeOf(await ended.promise);
    return { stdout: stdout.text(), stderr: stderr.text(), exitCode };
  } catch (cause) {
    throw cause instanceof Error ? cause : new Error("the API server refused the connection");
  } finally {
    clearTimeout(timer);
    // Whatever became of the program, also where the connection opens only after nobody waits any more.
    opening.then(
      (socket) => socket.terminate(),
      () => undefined,
    );
  }
}

/** The library's connections, on which what cannot be understood is this program's failure: thrown where they hear it, it would end the process. */
function guarded(handler: Exec["handler"], fail: (cause: unknown) => void): Exec["handler"] {
  const tried = <Given extends unknown[], T>(hear: (...given: Given) => T, otherwise: T): ((...given: Given) => T) => {
    return (...given) => {
      try {
        return hear(...given);
      } catch (error) {
        fail(error);
        return otherwise;
      }
    };
  };
  return {
    async connect(path, onText, onBytes) {
      const socket = await handler.connect(path, onText, onBytes && tried(onBytes, false));
      if (socket.onmessage) socket.onmessage = tried(socket.onmessage, undefined);
      return socket;
    },
  };
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
  readonly #tooLong: () => void;

  constructor(tooLong: () => void) {
    super();
    this.#tooLong = tooLong;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#length += chunk.length;
    // No error of the stream: nobody but us listens to it, and one that nobody hears ends the process.
    if (this.#length > OUTPUT_BYTES_MAX) this.#tooLong();
    else this.#chunks.push(chunk);
    done();
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }
}
