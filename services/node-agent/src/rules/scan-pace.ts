import type { ChangedPlace, PacketFilterChange } from "@hostrouting/bpf-loader";

/**
 * When the next scan begins. A scan takes from a tenth of a second to nearly one, and kube-proxy may write each second: nothing that it writes is to
 * cost more than a tenth of a processor, and whatever else is written is to be reported within two seconds.
 */

/** A scan that has ended: milliseconds of performance.now(), and how long it took. */
export type EndedScan = { readonly endedAt: number; readonly tookMs: number };

/** What waits for a scan, by when the first of its kind was noticed. */
export type Waiting = { readonly calmAt?: number; readonly urgentAt?: number };

/** What is wished for a change: that it is known within this time. */
const KNOWN_WITHIN_MS = 2000;
/** For timers that come late on a busy node. */
const SPARE_MS = 600;
/** One scan is seldom exactly as long as the one before. */
const LONGER = 1.25;
/** Many small changes come one after the other; a scan shows all of them, half a second after the first. */
const SETTLE_MS = 500;
/** Scans of what somebody known writes use a tenth of a processor at most. */
const CALM_REST_PER_SCAN = 9;
/** And scans of whatever anybody writes four fifths: with a scan of 0.85 s, a change right behind the beginning of one is known after 1.9 s. */
const URGENT_REST_PER_SCAN = 0.25;

/** When the next scan begins, by the same clock; undefined when nothing waits for one. Pure. */
export function nextScanAt({ calmAt, urgentAt }: Waiting, last: EndedScan | undefined): number | undefined {
  const times = [
    calmAt === undefined ? undefined : calmScanAt(calmAt, last),
    urgentAt === undefined ? undefined : urgentScanAt(urgentAt, last),
  ];
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

function calmScanAt(noticedAt: number, last: EndedScan | undefined): number {
  return Math.max(noticedAt + SETTLE_MS, rested(last, CALM_REST_PER_SCAN));
}

function urgentScanAt(noticedAt: number, last: EndedScan | undefined): number {
  const latest = noticedAt + KNOWN_WITHIN_MS - SPARE_MS - (last?.tookMs ?? 0) * LONGER;
  return Math.max(Math.min(calmScanAt(noticedAt, last), latest), rested(last, URGENT_REST_PER_SCAN), noticedAt);
}

function rested(last: EndedScan | undefined, perScan: number): number {
  return last === undefined ? 0 : last.endedAt + last.tookMs * perScan;
}

/** Something new waits for a scan. Pure. */
export function withNotice(waiting: Waiting, now: number, isUrgent: boolean): Waiting {
  return isUrgent ? { ...waiting, urgentAt: waiting.urgentAt ?? now } : { ...waiting, calmAt: waiting.calmAt ?? now };
}

/**
 * Whether a change was made to nothing but what kube-proxy writes all the time: chains of its own, to which others lead, and elements of its sets.
 * Who wrote there does not count, since a process has the name that it gives itself; a writer whom the guard does not permit is told of by the guard.
 * A batch of which places were left out, or lost, may have written anything.
 */
export function isCalm({ places, lost }: PacketFilterChange): boolean {
  return !lost && places.length > 0 && places.every(isKubeProxys);
}

function isKubeProxys({ kind, family, table, chain }: ChangedPlace): boolean {
  if (family !== "ip" && family !== "ip6") return false;
  if (table === "kube-proxy") return kind === "set" || (chain !== undefined && !/^(filter|nat)-/.test(chain));
  return (table === "nat" || table === "filter") && chain !== undefined && chain.startsWith("KUBE-");
}
