import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ChangedPlace, PacketFilterChange } from "@hostrouting/bpf-loader";
import { isCalm, nextScanAt, withNotice, type EndedScan, type Waiting } from "./scan-pace.ts";

type Notice = { readonly at: number; readonly isUrgent: boolean };
type Run = { readonly scans: readonly { readonly startedAt: number; readonly endedAt: number }[]; readonly busy: number };

/** A watch over a time of its own: notices come, and scans of one length begin when they are due. Until no notice is left. */
function run(notices: readonly Notice[], tookMs: number): Run {
  const scans: { startedAt: number; endedAt: number }[] = [];
  const left = notices.toSorted((a, b) => a.at - b.at);
  let waiting: Waiting = {};
  let last: EndedScan | undefined;
  for (;;) {
    const due = nextScanAt(waiting, last);
    const [next] = left;
    const startedAt = Math.max(due ?? Infinity, last?.endedAt ?? 0);
    if (next !== undefined && next.at <= startedAt) {
      waiting = withNotice(waiting, next.at, next.isUrgent);
      left.shift();
    } else if (due === undefined) break;
    else {
      waiting = {};
      last = { endedAt: startedAt + tookMs, tookMs };
      scans.push({ startedAt, endedAt: last.endedAt });
    }
  }
  const all = scans.at(-1)?.endedAt ?? 0;
  return { scans, busy: (scans.length * tookMs) / Math.max(all, tookMs) };
}

/** How long after a change the first scan ends that began behind it. */
function knownAfter({ scans }: Run, at: number): number {
  return (scans.find(({ startedAt }) => startedAt >= at)?.endedAt ?? Infinity) - at;
}

const MINUTE_MS = 60_000;
const each = (ms: number, isUrgent: boolean): Notice[] => Array.from({ length: MINUTE_MS / ms }, (_, n) => ({ at: n * ms, isUrgent }));

describe("the pace of scans", () => {
  for (const tookMs of [100, 400, 800])
    it(`kube-proxy's writing costs a tenth of a processor at most, with scans of ${tookMs} ms`, () => {
      const { busy, scans } = run(each(200, false), tookMs);
      assert.ok(busy <= 0.12, `${busy}`);
      assert.ok(scans.length > 5);
    });

  for (const tookMs of [100, 400, 800])
    it(`any other change is known within two seconds while kube-proxy writes, with scans of ${tookMs} ms`, () => {
      for (let at = 20_000; at < 40_000; at += 37) {
        const took = knownAfter(run([...each(200, false), { at, isUrgent: true }], tookMs), at);
        assert.ok(took <= 2000, `${took} ms after ${at}`);
      }
    });

  for (const tookMs of [100, 400, 800])
    it(`changes without end are known within two seconds each, with scans of ${tookMs} ms`, () => {
      const notices = each(70, true);
      const all = run(notices, tookMs);
      for (const { at } of notices) assert.ok(knownAfter(all, at) <= 2000, `${knownAfter(all, at)} ms after ${at}`);
      assert.ok(all.busy <= 0.81, `${all.busy}`);
    });

  it("a single change is scanned when its writer had half a second to end", () =>
    assert.deepEqual(run([{ at: 1000, isUrgent: true }], 100).scans, [{ startedAt: 1500, endedAt: 1600 }]));

  it("scans that take longer than there is time for leave a fifth of the time to others", () => {
    const { busy } = run(each(70, true), 5000);
    assert.ok(busy <= 0.81, `${busy}`);
  });
});

describe("changes that may wait", () => {
  const change = (...places: ChangedPlace[]): PacketFilterChange => ({ writer: { pid: 1, name: "x" }, places, lost: false });
  const at = (kind: ChangedPlace["kind"], table: string, chain?: string): ChangedPlace => ({
    kind,
    family: "ip",
    table,
    ...(chain === undefined ? {} : { chain }),
  });
  const cases: [what: string, calm: boolean, change: PacketFilterChange][] = [
    ["chains and rules of Services", true, change(at("chain", "nat", "KUBE-SVC-A"), at("rule", "nat", "KUBE-SERVICES"))],
    ["elements and chains of kube-proxy's table", true, change(at("set", "kube-proxy"), at("rule", "kube-proxy", "service-A"))],
    ["a chain of kube-proxy's that the kernel calls", false, change(at("rule", "kube-proxy", "filter-forward"))],
    ["kube-proxy's table itself", false, change(at("table", "kube-proxy"))],
    ["Services, and one rule elsewhere", false, change(at("rule", "nat", "KUBE-SERVICES"), at("rule", "nat", "POSTROUTING"))],
    ["a chain of that name in another table", false, change(at("rule", "mangle", "KUBE-SERVICES"))],
    ["a table of another family", false, change({ ...at("rule", "nat", "KUBE-SERVICES"), family: "inet" })],
    ["more than was told", false, { ...change(at("rule", "nat", "KUBE-SERVICES")), lost: true }],
    ["nobody knows what", false, change()],
  ];
  for (const [what, calm, one] of cases) it(`${what}: ${calm ? "yes" : "no"}`, () => assert.equal(isCalm(one), calm));
});
