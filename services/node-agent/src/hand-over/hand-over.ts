import { Conntrack, type ConntrackEntry, type ConntrackTuple } from "@hostrouting/bpf-loader";
import type { Datapath } from "../host-routing/datapath.ts";
import { kernelAddress } from "../host-routing/kernel-address.ts";
import { allEntries, nameOf } from "./conntrack-names.ts";
import { answerKey, readLifetimes, readTranslatedFlow, secondsLeft, type Lifetimes, type TranslatedFlow } from "./translated-flow.ts";

/** What became of translated flows. `left`: still with our programs, because there are more than one call may do, or conntrack refused. */
export type HandedOver = { readonly handedOver: number; readonly ended: number; readonly refused: number; readonly left: number };

/** Which flows: those of these pods, or all. */
export type HandOverOf = { readonly addresses: readonly string[] } | "all";

/** One call stands in the way of the heartbeat: 5000 flows take about a third of a second. */
const FLOWS_PER_CALL_MAX = 5000;
/** A packet between the removal of both halves puts one back while the mode is ON; then both are removed again. */
const REMOVALS_MAX = 3;
const FIRST = Buffer.alloc(4);

/**
 * Gives translated flows to the kernel's conntrack, so that the stack goes on translating them with the same ports. An entry is made
 * first and our pair removed after it: until then packets keep our way, from then on they take the stack, and a crash in between
 * leaves an entry that the next call recognises. Ended flows are only removed. Runs in the node's network namespace.
 */
export function handOver(datapath: Datapath, of: HandOverOf, nowNs: bigint): HandedOver {
  const keys = keysOf(datapath, of);
  if (keys.length === 0) return { handedOver: 0, ended: 0, refused: 0, left: 0 };
  const round = new HandOverRound(datapath, nowNs);
  try {
    for (const key of keys.slice(0, FLOWS_PER_CALL_MAX)) round.take(key);
    return round.result(keys.length);
  } finally {
    round.close();
  }
}

function keysOf(datapath: Datapath, of: HandOverOf): Buffer[] {
  const keys = datapath.maps.hr_nat_out.keys();
  if (of === "all") return keys;
  const sources = new Set(of.addresses.map((address) => kernelAddress(address).toString("hex")));
  return keys.filter((key) => sources.has(key.toString("hex", 0, 16)));
}

class HandOverRound {
  readonly #datapath: Datapath;
  readonly #nowNs: bigint;
  readonly #conntrack = Conntrack.open();
  readonly #lifetimes: Lifetimes;
  readonly #counts = { handedOver: 0, ended: 0, refused: 0 };
  #known: ReadonlyMap<string, ConntrackEntry> | undefined;

  constructor(datapath: Datapath, nowNs: bigint) {
    this.#datapath = datapath;
    this.#nowNs = nowNs;
    this.#lifetimes = readLifetimes(datapath.maps.hr_masquerade.lookup(FIRST) ?? Buffer.alloc(datapath.maps.hr_masquerade.valueSize));
  }

  take(key: Buffer): void {
    const value = this.#datapath.maps.hr_nat_out.lookup(key);
    if (!value) return; // it ended meanwhile
    const flow = readTranslatedFlow(key, value);
    const timeoutSeconds = secondsLeft(flow, this.#lifetimes, this.#nowNs);
    if (timeoutSeconds === undefined) this.#counts.ended++;
    else if (this.#enter(flow, timeoutSeconds)) this.#counts.handedOver++;
    else {
      this.#counts.refused++;
      return;
    }
    this.#removePair(key, answerKey(key, value));
  }

  result(found: number): HandedOver {
    const { handedOver, ended } = this.#counts;
    return { ...this.#counts, left: found - handedOver - ended };
  }

  close(): void {
    this.#conntrack.close();
  }

  /** An entry of the same tuple that says otherwise is a packet of this flow that took the stack by itself: ours is the true one. */
  #enter(flow: TranslatedFlow, timeoutSeconds: number): boolean {
    const entry = { original: flow.original, translated: flow.translated, timeoutSeconds };
    // our programs claim the port in conntrack, so that nobody else's NAT takes it; the entry needs it now
    this.#conntrack.remove(claimOf(flow));
    if (this.#conntrack.enterTranslated(entry)) return true;
    const found = this.#find(flow.original);
    if (found && saysTheSame(found, flow)) return true;
    return found !== undefined && this.#conntrack.remove(flow.original) && this.#conntrack.enterTranslated(entry);
  }

  /** Read once, and only where an entry was refused. */
  #find(original: ConntrackTuple): ConntrackEntry | undefined {
    this.#known ??= new Map(allEntries(this.#conntrack).map((entry) => [nameOf(entry.original), entry]));
    return this.#known.get(nameOf(original));
  }

  #removePair(out: Buffer, back: Buffer): void {
    const { hr_nat_out: outward, hr_nat_in: inward } = this.#datapath.maps;
    for (let tries = 0; tries < REMOVALS_MAX; tries++) {
      outward.delete(out);
      inward.delete(back);
      if (!outward.lookup(out)) return;
    }
  }
}

/** What bpf/host-routing/claims.h enters for a flow. */
function claimOf({ original, translated }: TranslatedFlow): ConntrackTuple {
  return { ...original, source: translated.address, sourcePort: translated.port };
}

function saysTheSame({ reply }: ConntrackEntry, { translated }: TranslatedFlow): boolean {
  return reply.destination === translated.address && reply.destinationPort === translated.port;
}
