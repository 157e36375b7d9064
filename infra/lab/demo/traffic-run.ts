import { networkInterfaces } from "node:os";
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { runTcpFlow, runUdpFlow } from "./echo-flow.ts";
import { fetchOnce } from "./fetch-once.ts";
import { readRetransmissions } from "./retransmissions.ts";
import { Tally } from "./tally.ts";
import { POD_HTTP_PORT, SERVICE_HTTP_PORT, type RunRequest, type RunStats, type Target, type WebAnswer } from "./traffic-contract.ts";

/** New connections are opened in small groups this often. */
const TICK_MS = 10;

/** So many may wait for an answer at once; five seconds of the default rate. Beyond it, opening waits and the run falls behind. */
const UNDER_WAY_MAX = 1_000;

/** A bounded load without retries. It begins with its construction. */
export class TrafficRun {
  readonly #tally = new Tally();
  readonly #request: RunRequest;
  readonly #end = new AbortController();
  readonly #lag = monitorEventLoopDelay({ resolution: 10 });
  readonly #began = performance.now();
  readonly #retransmittedBefore = readRetransmissions();
  #ended: number | undefined;
  #serverPauseMs = 0;
  #underWay = 0;
  readonly #flows: Promise<void>[] = [];

  constructor(request: RunRequest) {
    this.#request = request;
    this.#lag.enable();
    void this.#runAll();
  }

  /** One TCP and one UDP flow more to each target, until the run ends. */
  addFlows(targets: readonly Target[]): void {
    const flow = (target: Target) => ({ target, tally: this.#tally, until: this.#end.signal });
    this.#flows.push(...targets.flatMap((target) => [runTcpFlow(flow(target)), runUdpFlow(flow(target))]));
  }

  /** Begins no more connections; those under way are still counted. */
  stop(): void {
    this.#end.abort();
  }

  stats(): RunStats {
    const now = readRetransmissions();
    const before = this.#retransmittedBefore;
    return {
      running: this.#ended === undefined,
      elapsedMs: Math.round((this.#ended ?? performance.now()) - this.#began),
      kinds: this.#tally.kinds(),
      errors: this.#tally.errors(),
      clientPauseMs: Math.round(this.#lag.max / 1e6),
      serverPauseMs: this.#serverPauseMs,
      retransmissions: {
        syn: now.syn - before.syn,
        timeouts: now.timeouts - before.timeouts,
        resetsSent: now.resetsSent - before.resetsSent,
      },
    };
  }

  async #runAll(): Promise<void> {
    const { targets, longLived, hammerClients, durationMs } = this.#request;
    const timer = setTimeout(() => this.#end.abort(), durationMs);
    if (longLived) this.addFlows(targets);
    const hammers = Array.from({ length: hammerClients }, (_, index) => this.#hammer(index));
    await Promise.all([...hammers, this.#openAtRate()]);
    await Promise.all(this.#flows);
    clearTimeout(timer);
    while (this.#underWay > 0) await pause(TICK_MS);
    this.#lag.disable();
    this.#ended = performance.now();
  }

  /** What is due follows from the time that has passed, so a late tick opens more. */
  async #openAtRate(): Promise<void> {
    const { targets, newConnectionsPerSecond } = this.#request;
    for (let opened = 0; !this.#end.signal.aborted; await this.#tick()) {
      const due = Math.floor(((performance.now() - this.#began) / 1_000) * newConnectionsPerSecond);
      for (; opened < due && this.#underWay < UNDER_WAY_MAX; opened++) void this.#open("new", targets[opened % targets.length]);
    }
  }

  /** Direct and Service connections in turn, the next as soon as the last has ended. */
  async #hammer(index: number): Promise<void> {
    const { targets } = this.#request;
    const direct = targets.filter(({ path }) => path !== "service");
    const service = targets.filter(({ path }) => path === "service");
    for (let round = index; !this.#end.signal.aborted; round++) {
      const list = round % 2 === 0 || service.length === 0 ? direct : service;
      await this.#open("hammer", list[(round >> 1) % Math.max(1, list.length)]);
    }
  }

  async #open(what: "new" | "hammer", target: Target | undefined): Promise<void> {
    if (!target) return this.#tick();
    const kind = `${what}/${target.path}/${target.family}`;
    const began = performance.now();
    this.#tally.begin(kind);
    this.#underWay++;
    const port = target.path === "service" ? SERVICE_HTTP_PORT : POD_HTTP_PORT;
    const error = await fetchOnce({ ip: target.ip, port }).then(
      (body) => this.#read(JSON.parse(body) as WebAnswer, target),
      (cause: Error) => cause,
    );
    this.#underWay--;
    this.#tally.end({ kind, ip: target.ip, tookMs: performance.now() - began, error });
  }

  /** Notes what the answer says of the server, and judges what it says of the way here. */
  #read({ pausedMs, from = "" }: WebAnswer, { path }: Target): Error | undefined {
    this.#serverPauseMs = Math.max(this.#serverPauseMs, pausedMs);
    return path === "outside" && isOwnAddress(from) ? new Error(`arrived outside with the pod's own address ${from}`) : undefined;
  }

  async #tick(): Promise<void> {
    await pause(TICK_MS, undefined, { signal: this.#end.signal }).catch(() => undefined);
  }
}

/** @param from as a dual-stack socket shows it: IPv4 behind `::ffff:` */
function isOwnAddress(from: string): boolean {
  const own = Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address));
  return own.includes(from.replace("::ffff:", ""));
}
