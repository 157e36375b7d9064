import type { HostRoutingNodeStatus } from "@hostrouting/contracts";
import type { PodNamespace } from "../disruption/pod-namespaces.ts";
import type { NodePod } from "../pods/node-pod.ts";
import { countLongLived, LONG_LIVED_MS, samplesNeeded, type CensusSample } from "./census-window.ts";

/** Seven looks in the time that makes a connection long-lived; 250 pods take 25 ms each. */
const LOOK_EVERY_MS = 5_000;
/** Looks that are late leave more samples than that only for a moment. */
const SAMPLES_MAX = 2 + LONG_LIVED_MS / LOOK_EVERY_MS;

/** What the status says of connections. */
export type Census = NonNullable<HostRoutingNodeStatus["census"]>;

/** `pods`: undefined as long as nobody has listed them. `read`: the namespaces of pods, given whose an address is. `monotonicMs` only runs forward. */
export type CensusOptions = {
  readonly pods: () => readonly Pick<NodePod, "name" | "addresses" | "hostNetwork">[] | undefined;
  readonly read: (owners: ReadonlyMap<string, string>) => readonly PodNamespace[];
  readonly monotonicMs: () => number;
  readonly now: () => number;
};

/**
 * Counts the TCP connections of the node's pods that a switch could disturb, whether or not one is ahead. It reads one gauge in each pod's
 * namespace, so it costs the same with ten connections and with half a million, and keeps nothing of any of them.
 */
export class ConnectionCensus {
  readonly #options: CensusOptions;
  #samples: readonly CensusSample[] = [];
  #uncounted = 0;
  #observedAt = "";
  #fault: string | undefined = "Nobody has looked yet.";

  constructor(options: CensusOptions) {
    this.#options = options;
  }

  /** Looks when it is time to, and says what is known. Never throws. */
  observe(): Census {
    const nowMs = this.#options.monotonicMs();
    const last = this.#samples.at(-1);
    if (last === undefined || nowMs - last.atMs >= LOOK_EVERY_MS) this.#look(nowMs);
    if (this.#fault !== undefined) return { state: "Unknown", message: this.#fault };
    const count = countLongLived(this.#samples, this.#samples.at(-1)?.atMs ?? nowMs);
    if (count === undefined) return { state: "Unknown", message: `Counting has begun less than ${LONG_LIVED_MS / 1000} s ago.` };
    return { state: "Known", message: "", ...count, uncountedPods: this.#uncounted, observedAt: this.#observedAt };
  }

  #look(nowMs: number): void {
    const pods = this.#options.pods()?.filter(({ hostNetwork, addresses }) => !hostNetwork && addresses.length > 0);
    if (pods === undefined) return this.#begin("The node's pods have not been listed yet.");
    const found = this.#options.read(new Map(pods.flatMap(({ addresses, name }) => addresses.map((address) => [address, name] as const))));
    if (found.length === 0 && pods.length > 0) return this.#begin("No pod's network namespace can be read.");
    const named = new Set(found.map(({ pod }) => pod));
    this.#uncounted = pods.filter(({ name }) => !named.has(name)).length;
    this.#fault = undefined;
    this.#observedAt = new Date(this.#options.now()).toISOString();
    const established = new Map(found.map((each) => [each.cookie, each.established]));
    this.#samples = samplesNeeded([...this.#samples, { atMs: nowMs, established }], nowMs).slice(-SAMPLES_MAX);
  }

  /** A gap would make connections look younger than they are. */
  #begin(fault: string): void {
    this.#samples = [];
    this.#fault = fault;
  }
}

/** How soon another count is told of; it is told of with every report anyway. */
const NEWS_EVERY_MS = 10_000;

/**
 * Whether a count is worth a report of its own: what is known changed, or it fell or rose by more than half (to or from nothing too). Not more
 * often than every ten seconds, and only while the node waits to be switched, since afterwards nobody waits for it. Pure.
 */
export function isCensusNews(
  told: Census | undefined,
  seen: Census,
  { sinceMs, isWaiting }: { sinceMs: number; isWaiting: boolean },
): boolean {
  if (told?.state !== seen.state) return true;
  if (!isWaiting || sinceMs < NEWS_EVERY_MS) return false;
  const [before = 0, now = 0] = [told.longLived, seen.longLived];
  return Math.abs(now - before) * 2 > Math.max(before, now);
}
