import { NetlinkSocket, readAddresses, readRoutes } from "@hostrouting/bpf-loader";
import { AppError, explain } from "@hostrouting/domain";
import type { DenyTable } from "../policy/deny-table.ts";
import { judgeProbes, resultsAged, type ProbeResult, type Tried } from "./judge-probes.ts";
import type { Regarding, Telling } from "../events/telling.ts";
import { probeAddress } from "./probe-address.ts";
import { attempt } from "./probe-attempt.ts";
import { ProbeNetwork } from "./probe-network.ts";
import { probeTellings, withRun, type ProbeNews } from "./probe-news.ts";
import { probeTargets, type ProbeTarget } from "./probe-target.ts";
import { isWithin } from "../is-within.ts";

/** Results with the time at which they were found, ISO 8601; none while there is nothing to probe. */
export type ProbeReport = { readonly results: readonly ProbeResult[]; readonly observedAt: string };

/** What a run depends on. Where any of it changes, what was found before says nothing any more. */
export type ProbeQuestion = {
  /** Undefined: not known, so nothing is probed. */
  readonly table: DenyTable | undefined;
  /** What the node does with packets: another state must be probed anew. */
  readonly basis: string;
  /** The node's pod ranges. */
  readonly ranges: readonly string[];
  /** Addresses of pods, which must not be taken; those of devices and routes are looked up. */
  readonly used: readonly string[];
};

/** `prepare` lets the datapath see a new device, or that one is gone; `control`: somebody whom every pod reaches. */
export type NodeProbesOptions = {
  readonly control: { readonly address: string; readonly port: number };
  readonly prepare: () => void;
  readonly onChange: () => void;
  /** What a policy denies has answered; told in every run. */
  readonly onReached: (note: string) => void;
  readonly now: () => number;
};

/** Rounds come every five seconds: results are a minute old at most. */
const EVERY_MS = 50_000;
/** Something is wrong: sooner. */
const AGAIN_MS = 10_000;
/** Answers come in milliseconds; what is denied is silent. */
const DENIED_PATIENCE_MS = 500;
/** Where not even the one whom every pod reaches has answered by then, its first SYN may be lost as well; it comes again after a second. */
const DENIED_PATIENCE_MAX_MS = 1500;
/** A first SYN may be lost; it comes again after a second. */
const REACHED_PATIENCE_MS = 2500;
const REFRESH_MS = 100;

type Run = { readonly key: string; readonly network: ProbeNetwork; readonly refreshing: NodeJS.Timeout };
type Done = ProbeReport & { readonly key: string; readonly atMs: number };

/**
 * Lets a pod of the node's own try what policies deny, and what must stay within reach: every minute, and at once after any change. The pod exists
 * for half a second, and for one and a half where packets are lost. Never throws.
 */
export class NodeProbes {
  readonly #options: NodeProbesOptions;
  #running: Run | undefined;
  #done: Done | undefined;
  #news: ProbeNews | undefined;

  constructor(options: NodeProbesOptions) {
    this.#options = options;
  }

  /** Removes what an agent left that was killed. */
  removeLeftovers(): void {
    try {
      ProbeNetwork.removeLeftover();
    } catch {
      // it is tried again when the next device is made
    }
  }

  /** What is known of this question; begins a run when one is due. Call it in the node's network namespace, at least every five seconds. */
  look(question: ProbeQuestion): ProbeReport {
    const targets = question.table ? probeTargets(question.table, this.#options.control) : [];
    if (targets.length === 0) {
      this.end();
      this.#done = undefined;
      return { results: [], observedAt: this.#time() };
    }
    const key = JSON.stringify([question.basis, targets]);
    if (this.#running?.key !== key && this.#isDue(key)) this.#begin(key, targets, question);
    if (this.#done?.key === key)
      return { results: resultsAged(this.#done.results, this.#options.now() - this.#done.atMs), observedAt: this.#done.observedAt };
    const results = targets.map(({ name }): ProbeResult => ({ name, outcome: "Unknown", message: "Not tried since the last change." }));
    return { results, observedAt: this.#time() };
  }

  /** What Events are to say of what was found. */
  tellings(regarding: Regarding): Telling[] {
    return probeTellings(this.#news, regarding, this.#options.now());
  }

  /** Ends a run and removes everything. */
  end(): void {
    const running = this.#running;
    this.#running = undefined;
    if (!running) return;
    clearInterval(running.refreshing);
    try {
      running.network.close();
      this.#options.prepare();
    } catch {
      // the namespace ends with its last descriptor, and the device with it
    }
  }

  #isDue(key: string): boolean {
    if (this.#done?.key !== key) return true;
    const isWell = this.#done.results.every(({ outcome }) => outcome === "Passed");
    return !isWithin(this.#options.now() - this.#done.atMs, isWell ? EVERY_MS : AGAIN_MS);
  }

  #begin(key: string, targets: readonly ProbeTarget[], { ranges, used }: ProbeQuestion): void {
    this.end();
    try {
      const own = ownAddresses(targets, ranges, [...used, ...usedHere()]);
      const network = ProbeNetwork.make({ own, others: [...new Set(targets.map(({ address }) => address))] });
      const refreshing = setInterval(() => quietly(() => network.refreshNeighbours()), REFRESH_MS);
      const run: Run = { key, network, refreshing };
      this.#running = run;
      this.#options.prepare();
      const attempts = network.run(() => tryAll(targets));
      void Promise.all(attempts).then((tried) => this.#finish(run, judgeProbes(tried)));
    } catch (error) {
      this.end();
      const message = `It could not be tried: ${explain(error)}`;
      this.#keep(
        key,
        targets.map(({ name }) => ({ name, outcome: "Unknown", message })),
      );
    }
  }

  #finish(run: Run, results: readonly ProbeResult[]): void {
    if (this.#running !== run) return;
    this.end();
    this.#keep(run.key, results);
  }

  #keep(key: string, results: readonly ProbeResult[]): void {
    const before = this.#done?.key === key ? this.#done.results : [];
    const news = withRun(this.#news, results, this.#options.now());
    if (news !== this.#news) this.#options.onReached(news?.note ?? "");
    this.#news = news;
    this.#done = { key, results, observedAt: this.#time(), atMs: this.#options.now() };
    if (JSON.stringify(before.map(({ outcome }) => outcome)) !== JSON.stringify(results.map(({ outcome }) => outcome)))
      this.#options.onChange();
  }

  #time(): string {
    return new Date(this.#options.now()).toISOString();
  }
}

/** Begins all attempts at once. */
function tryAll(targets: readonly ProbeTarget[]): readonly Promise<Tried>[] {
  let isWayKnown = false;
  const patience = {
    Denied: { leastMs: DENIED_PATIENCE_MS, mostMs: DENIED_PATIENCE_MAX_MS, isProof: () => isWayKnown },
    Reached: { leastMs: REACHED_PATIENCE_MS, mostMs: REACHED_PATIENCE_MS, isProof: () => true },
  };
  return targets.map(async (target) => {
    const tried = { target, attempt: await attempt(target, patience[target.expected]) };
    // questions about names are sent so often that an answer to one does not say what became of a SYN
    if (target.expected === "Reached" && target.by === "Tcp" && tried.attempt.kind === "Answered") isWayKnown = true;
    return tried;
  });
}

/** One address for each family in which something is tried. */
function ownAddresses(targets: readonly ProbeTarget[], ranges: readonly string[], used: readonly string[]): string[] {
  const isV6 = (text: string): boolean => text.includes(":");
  return [...new Set(targets.map(({ address }) => isV6(address)))].map((v6) => {
    const range = ranges.find((candidate) => isV6(candidate) === v6);
    const address = range && probeAddress(range, used);
    if (address === undefined)
      throw new AppError("agent.probe", {
        say: range ? `no address of ${range} is free` : `the node has no pod range of IPv${v6 ? 6 : 4}`,
      });
    return address;
  });
}

/** Addresses of this namespace's devices, and those to which it has host routes. */
function usedHere(): string[] {
  const socket = NetlinkSocket.open();
  try {
    const hosts = readRoutes(socket).filter(({ family, prefixLength }) => prefixLength === (family === 4 ? 32 : 128));
    return [...readAddresses(socket).map(({ address }) => address), ...hosts.map(({ destination }) => destination)];
  } finally {
    socket.close();
  }
}

function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // the device may just have gone
  }
}
