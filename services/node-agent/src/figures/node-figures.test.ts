import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NodeFigures, type FigureSources } from "./node-figures.ts";

const ticks = (total: number, softirq: number): string => `cpu ${total - softirq} 0 0 0 0 0 ${softirq} 0 0 0\n`;
const files = (changes: Record<string, string> = {}): Record<string, string> => ({
  "/proc/stat": ticks(1000, 10),
  "/proc/self/status": "RssAnon:\t      10 kB\n",
  "/proc/net/snmp": "Ip: OutNoRoutes\nIp: 3\n",
  "/proc/net/netstat": "IpExt: InNoRoutes\nIpExt: 4\n",
  "/proc/net/stat/nf_conntrack": "drop early_drop\n1 1\n",
  "/proc/sys/net/netfilter/nf_conntrack_count": "50\n",
  "/proc/sys/net/netfilter/nf_conntrack_max": "1000\n",
  ...changes,
});

const NOW = Date.parse("2026-01-01T00:00:00Z");

function figuresOver(texts: Record<string, string>, changes: Partial<FigureSources> = {}): NodeFigures {
  return new NodeFigures({
    read: (path) => texts[path] ?? "",
    tcp: () => ({ segments: 9, retransmitted: 1, resets: 0 }),
    pods: () => [],
    routing: () => "digest",
    cpuMicros: () => 1_500_000,
    now: () => NOW,
    ...changes,
  });
}

describe("NodeFigures", () => {
  it("counts from when it begins; gauges are as they are", () => {
    const texts = files();
    const figures = figuresOver(texts);
    Object.assign(texts, { "/proc/stat": ticks(1500, 35), "/proc/net/snmp": "Ip: OutNoRoutes\nIp: 5\n" });
    assert.deepEqual(figures.observe(0.25), {
      since: "2026-01-01T00:00:00.000Z",
      cpu: { total: 500, softirq: 25 },
      tcp: { segments: 9, retransmitted: 1, resets: 0 },
      noRoute: 2,
      conntrack: { entries: 50, max: 1000, dropped: 0 },
      natFull: 0.25,
      pods: { running: 0, notReady: 0 },
      routing: "digest",
      agent: { cpuMs: 1500, memoryBytes: 10240 },
    });
  });

  it("leaves out what cannot be read, rather than to say 0", () => {
    const figures = figuresOver({}, { tcp: () => undefined, pods: () => undefined, routing: () => undefined });
    assert.deepEqual(figures.observe(undefined), { since: "2026-01-01T00:00:00.000Z" });
  });

  it("counts pods that were ready and are not any more, neither those that begin nor those that have gone", () => {
    let pods: ReturnType<FigureSources["pods"]> = [
      { uid: "stays", isReady: true },
      { uid: "fails", isReady: true },
      { uid: "goes", isReady: true },
      { uid: "begins", isReady: false },
    ];
    const figures = figuresOver(files(), { pods: () => pods });
    assert.deepEqual(figures.observe(undefined).pods, { running: 3, notReady: 0 });
    pods = [
      { uid: "stays", isReady: true },
      { uid: "fails", isReady: false },
      { uid: "begins", isReady: false },
    ];
    assert.deepEqual(figures.observe(undefined).pods, { running: 2, notReady: 1 });
  });
});
