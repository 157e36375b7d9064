import { AppError, explain } from "@hostrouting/domain";
import type { Logger } from "@hostrouting/runtime";
import { Redis, type RedisOptions } from "ioredis";
import type { DoorbellState } from "./doorbell.ts";
import { addressOptions } from "./redis-address.ts";
import { readEviction } from "./redis-eviction.ts";

/** A lost connection is tried again after 0.1 s, then twice as long each time up to this, each time up to half as long again by chance. */
const RECONNECT_MAX_MS = 5_000;
const CONNECT_TIMEOUT_MS = 2_000;
/** Someone may change the policy of a server that runs; it is asked again this often. */
const RECHECK_MS = 60_000;

/**
 * Ends a client in whatever state it is. One that waits for its next try loses its timer by `disconnect` and never says that it has ended, so that its commands
 * are waited for for ever (taskforcesh/bullmq#4585): connected or refused once more, it ends.
 */
export async function endClient(client: { readonly status: string; disconnect(): void; connect(): Promise<unknown> }): Promise<void> {
  client.disconnect();
  if (client.status !== "reconnecting") return;
  await client.connect().catch(() => undefined);
  client.disconnect();
}

/**
 * A connection to Redis that is looked after: Connecting → Working | Refused | Away, and between the last three whenever that changes. Each change is logged
 * once. Only messages of errors are logged: the client's errors carry the command that failed, and of a login that is the password.
 */
export class RedisLink {
  readonly client: Redis;
  readonly #logger: Logger;
  readonly #onState: (state: DoorbellState) => void;
  readonly #recheck: NodeJS.Timeout;
  #state: DoorbellState | "Connecting" = "Connecting";
  #lastProblem = "";
  #isWarned = false;
  #waiting: (() => void)[] = [];

  /** `options` are the client's, beside where it connects to; `onState` is told of each change. */
  constructor(url: string, options: RedisOptions, around: { readonly logger: Logger; readonly onState: (state: DoorbellState) => void }) {
    this.#logger = around.logger;
    this.#onState = around.onState;
    this.client = new Redis({
      connectTimeout: CONNECT_TIMEOUT_MS,
      retryStrategy: (turn) => Math.min(RECONNECT_MAX_MS, 50 * 2 ** Math.min(turn, 10)) * (1 + Math.random() / 2),
      ...options,
      ...addressOptions(url),
    });
    this.client.on("error", (error) => (this.#lastProblem = explain(error)));
    this.client.on("close", () => this.#become("Away"));
    this.client.on("ready", () => void this.#check());
    this.#recheck = setInterval(() => void this.#check(), RECHECK_MS);
    this.#recheck.unref();
  }

  /** Waits while it is being connected for the first time. @throws AppError `doorbell.away`, `doorbell.refused` */
  async working(): Promise<void> {
    if (this.#state === "Connecting") await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.#state === "Refused") throw new AppError("doorbell.refused", { say: "Redis is not used, since it evicts keys" });
    if (this.#state !== "Working") throw new AppError("doorbell.away", { say: "Redis does not answer", cause: this.#lastProblem });
  }

  /** For figures: what it is doing until it is connected is not working. */
  get state(): DoorbellState {
    return this.#state === "Connecting" ? "Away" : this.#state;
  }

  close(): void {
    clearInterval(this.#recheck);
    this.client.removeAllListeners("close");
    void endClient(this.client);
    this.#enter("Away");
  }

  async #check(): Promise<void> {
    if (this.client.status !== "ready") return;
    const eviction = await readEviction(this.client);
    // Asked over a connection that broke meanwhile: whatever comes next asks again.
    if (this.client.status !== "ready") return;
    if (eviction.kind === "Evicts" && this.#state !== "Refused")
      this.#logger.error(
        `Redis evicts keys when its memory is full (maxmemory-policy ${eviction.policy}), so the queue is not used: set maxmemory-policy to noeviction. Clusters are found by the sweep meanwhile.`,
      );
    if (eviction.kind === "Unknown" && !this.#isWarned)
      this.#logger.warn(
        { problem: eviction.because },
        "Redis does not say its maxmemory-policy: make sure that it is noeviction, or allow CONFIG GET or INFO",
      );
    this.#isWarned = eviction.kind === "Unknown";
    this.#become(eviction.kind === "Evicts" ? "Refused" : "Working");
  }

  #become(state: DoorbellState): void {
    if (state === this.#state) return;
    if (state === "Away") this.#logger.warn({ problem: this.#lastProblem }, "Redis does not answer; clusters are found by the sweep");
    if (state === "Working") this.#logger.info("Redis answers");
    this.#enter(state);
  }

  #enter(state: DoorbellState): void {
    this.#state = state;
    this.#onState(state);
    for (const go of this.#waiting.splice(0)) go();
  }
}
