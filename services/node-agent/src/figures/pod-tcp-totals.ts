import { namedCounter } from "./kernel-texts.ts";

/** What TCP counts in one network namespace since there is one: segments sent, those sent again, and established connections that were reset. */
export type TcpCounters = { readonly segments: number; readonly retransmitted: number; readonly resets: number };

/** The counters in the text of /proc/net/snmp; undefined where one is missing. */
export function tcpCounters(snmp: string): TcpCounters | undefined {
  const [segments, retransmitted, resets] = ["OutSegs", "RetransSegs", "EstabResets"].map((name) => namedCounter(snmp, "Tcp", name));
  if (segments === undefined || retransmitted === undefined || resets === undefined) return undefined;
  return { segments, retransmitted, resets };
}

/** A pod's namespace as it was read; `tcp` is undefined where its counters were not understood. */
export type CountedNamespace = { readonly cookie: bigint; readonly tcp?: TcpCounters | undefined };

/**
 * Sums what TCP counted in the namespaces of pods since this process began. Pods come and go, and their counters with them: what a namespace
 * counted before it was first seen is left out, and what it counted stays in the sum when it is gone.
 */
export class PodTcpTotals {
  #last: ReadonlyMap<bigint, TcpCounters> = new Map();
  #total: TcpCounters = { segments: 0, retransmitted: 0, resets: 0 };
  #hasLooked = false;

  /** Takes in what was read of all namespaces. */
  add(found: readonly CountedNamespace[]): void {
    const now = new Map(found.flatMap(({ cookie, tcp }) => (tcp === undefined ? [] : [[cookie, tcp] as const])));
    for (const [cookie, tcp] of now) this.#total = sum(this.#total, difference(tcp, this.#last.get(cookie) ?? tcp));
    this.#last = now;
    this.#hasLooked = true;
  }

  /** The sums; undefined before anything was read. */
  current(): TcpCounters | undefined {
    return this.#hasLooked ? this.#total : undefined;
  }
}

function difference(now: TcpCounters, before: TcpCounters): TcpCounters {
  return {
    segments: now.segments - before.segments,
    retransmitted: now.retransmitted - before.retransmitted,
    resets: now.resets - before.resets,
  };
}

function sum(a: TcpCounters, b: TcpCounters): TcpCounters {
  return { segments: a.segments + b.segments, retransmitted: a.retransmitted + b.retransmitted, resets: a.resets + b.resets };
}
