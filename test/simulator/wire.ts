import { AppError, type ClusterId } from "@hostrouting/domain";
import type { CallFault, Faults } from "./faults.ts";
import type { Random } from "./random.ts";
import type { Process, Scheduler } from "./scheduler.ts";

/** One call of a port: what a worker or a person asks of the store or of a cluster. */
export type Call = {
  readonly process: Process;
  readonly port: "store" | "cluster";
  readonly clusterId: ClusterId | undefined;
  readonly method: string;
  readonly args: readonly unknown[];
};

/** Who is told of calls: when they are made, and when they took effect. */
export type CallListener = { issued(call: Call): void; effected(call: Call, answer: unknown): void };

const READS = /^(list|read|get$|status$|due$|history$|serverVersion$|grantedRules$|eachPodPage$|tryBundle$)/;
/** Lists that an API server may answer from a cache that lags. */
const MAY_BE_STALE = /^(listNodes|listNodeObjects|listBundlePods|readConfig|readBundle|readPolicy)$/;
/** After this a caller stops waiting for an answer, as the product's clients do. */
const CALL_TIMEOUT_MS = 5_000;
const LATE_MAX_MS = 15_000;
const STALE_MAX_MS = 10_000;
const PAUSE_MAX_MS = 30_000;

/** Whether a method of either port changes nothing. */
export function isRead(method: string): boolean {
  return READS.test(method);
}

/**
 * Between processes and what they call: a call is sent, takes effect and is answered, each at a time of its own, and between these any fault may
 * strike. Effects go on without the caller.
 */
export class Wire {
  databaseIsAway = false;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #faults: Faults;
  readonly #listener: CallListener;
  readonly #crash: (process: Process) => void;
  /** The last answers of lists, by cluster and method. */
  readonly #earlier = new Map<string, { readonly atMs: number; readonly value: unknown }>();

  constructor(given: {
    readonly scheduler: Scheduler;
    readonly random: Random;
    readonly faults: Faults;
    readonly listener: CallListener;
    readonly crash: (process: Process) => void;
  }) {
    this.#scheduler = given.scheduler;
    this.#random = given.random;
    this.#faults = given.faults;
    this.#listener = given.listener;
    this.#crash = given.crash;
  }

  /** The port as a process sees it. `own`: members that are no calls. */
  connect<T extends object>(port: T, line: Pick<Call, "process" | "port"> & { clusterId?: ClusterId; own?: Partial<T> }): T {
    return new Proxy(port, {
      get: (target, name) => {
        const own = line.own && (Reflect.get(line.own, name) as unknown);
        if (own !== undefined) return own;
        const member = Reflect.get(target, name) as unknown;
        if (typeof member !== "function") return member;
        return (...args: unknown[]) => {
          const clusterId = line.clusterId ?? clusterOf(args[0]);
          const call: Call = { process: line.process, port: line.port, clusterId, method: String(name), args };
          return this.#call(call, () => (member as (...given: unknown[]) => Promise<unknown>).apply(target, args));
        };
      },
    });
  }

  #call(call: Call, effect: () => Promise<unknown>): Promise<unknown> {
    const { process, method, port } = call;
    return new Promise((resolve, reject) => {
      const fault = this.#faults.ofCall(unlikely(call));
      const fails = (afterMs: number): void => {
        this.#later({ ms: afterMs, what: `${process.name} sees no answer of ${method}`, owner: process }, () => reject(noAnswer(port)));
      };
      if (fault === "CrashBeforeCall") return this.#crash(process);
      if (fault === "Pause") process.pausedUntilMs = this.#scheduler.nowMs + this.#random.between(100, PAUSE_MAX_MS);
      this.#listener.issued(call);
      if (fault === "LostRequest") return fails(this.#random.between(50, CALL_TIMEOUT_MS));
      const answered = (settle: () => void): void => {
        if (fault === "CrashAfterCall") return this.#crash(process);
        if (fault === "LostAnswer") return fails(this.#latency(port));
        if (fault === "LateEffect") return;
        const ms = fault === "SlowAnswer" ? this.#random.between(500, CALL_TIMEOUT_MS) : this.#latency(port);
        this.#later({ ms, what: `${process.name} has its answer of ${method}`, owner: process }, settle);
      };
      if (fault === "LateEffect") fails(CALL_TIMEOUT_MS);
      const ms = fault === "LateEffect" ? CALL_TIMEOUT_MS + this.#random.between(0, LATE_MAX_MS) : this.#latency(port);
      this.#later({ ms, what: `${process.name} ${method}${fault === undefined ? "" : ` (${fault})`}`, owner: undefined }, () => {
        if (port === "store" && this.databaseIsAway) return answered(() => reject(noAnswer(port)));
        this.#effect(call, fault === "StaleRead", effect).then(
          (value) => answered(() => resolve(value)),
          (error: unknown) => answered(() => reject(error)),
        );
      });
    });
  }

  async #effect(call: Call, isStale: boolean, effect: () => Promise<unknown>): Promise<unknown> {
    const key = `${call.clusterId} ${call.method}`;
    const earlier = this.#earlier.get(key);
    const { nowMs } = this.#scheduler;
    if (isStale && earlier !== undefined && nowMs - earlier.atMs <= STALE_MAX_MS) return structuredClone(earlier.value);
    const value = await effect();
    if (call.port === "cluster" && MAY_BE_STALE.test(call.method) && this.#random.chance(0.2))
      this.#earlier.set(key, { atMs: nowMs, value });
    this.#listener.effected(call, value);
    return value;
  }

  #later(event: { readonly ms: number; readonly what: string; readonly owner: Process | undefined }, run: () => void): void {
    this.#scheduler.after(event.ms, event.what, { owner: event.owner, run });
  }

  #latency(port: Call["port"]): number {
    return port === "store" ? this.#random.between(1, 4) : this.#random.between(2, 40);
  }
}

/** What cannot strike a call. A transaction holds its locks until it commits, so it cannot come after what its caller does next. */
function unlikely({ port, method }: Call): readonly CallFault[] {
  const isTransaction = port === "store" && (method === "record" || method === "change");
  return [...(MAY_BE_STALE.test(method) ? [] : ["StaleRead" as const]), ...(isTransaction ? ["LateEffect" as const] : [])];
}

function clusterOf(first: unknown): ClusterId | undefined {
  if (typeof first === "string") return first as ClusterId;
  return (first as { clusterId?: ClusterId } | undefined)?.clusterId;
}

function noAnswer(port: Call["port"]): Error {
  return port === "store"
    ? new Error("the connection to the database ended")
    : new AppError("kube.unreachable", { say: "No answer in time" });
}
