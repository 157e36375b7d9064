import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

/** What load-generator.c can do; its head comment says what each is. */
export type Traffic = "tcp-rr" | "udp-rr" | "tcp-crr" | "udp-flood" | "tcp-bulk" | "udp-pace" | "udp-many";

/** One run. `limit` 0 = none. */
export type LoadPlan = { traffic: Traffic; client: string; server: string; address: string; milliseconds: number; limit?: number };

/** What came of it. `busySeconds` is of the processors used, all processes together; `ports` only with `udp-many`. */
export type Load = {
  operations: number;
  seconds: number;
  busySeconds: number;
  errors: number;
  longestSilenceMs: number;
  ports: number;
};

const SOURCE = path.join(import.meta.dirname, "load-generator.c");
const COMPILE_TIMEOUT_MS = 60_000;
/** A run that is over but does not end. */
const GRACE_MS = 20_000;
const run = promisify(execFile);

/** Makes traffic between namespaces. Compiled when constructed: an interpreter would be slower than what is measured. */
export class LoadGenerator {
  readonly #folder = mkdtempSync(path.join(tmpdir(), "hostrouting-bench-"));
  readonly #program = path.join(this.#folder, "load-generator");
  readonly #stopping = new AbortController();

  constructor() {
    execFileSync("gcc", ["-O2", "-Wall", "-Werror", SOURCE, "-o", this.#program], { timeout: COMPILE_TIMEOUT_MS });
  }

  /** Runs one plan. Both ends share a processor where the path's cost is asked, so that no wake-up of another one is measured. */
  async run(plan: LoadPlan): Promise<Load> {
    const { traffic, client, server, address, milliseconds, limit = 0 } = plan;
    const last = availableParallelism() - 1;
    const isOneWay = traffic === "udp-flood" || traffic === "tcp-bulk";
    const processors = isOneWay ? [0, last] : [last, last];
    const args = [traffic, client, server, address, milliseconds, limit, ...processors].map(String);
    const { stdout } = await run(this.#program, args, { timeout: milliseconds + GRACE_MS, signal: this.#stopping.signal });
    return JSON.parse(stdout) as Load;
  }

  /** Ends the run at hand and refuses more, so that whoever measures cleans up. */
  stop(): void {
    this.#stopping.abort();
  }

  /** Removes the compiled program. */
  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
