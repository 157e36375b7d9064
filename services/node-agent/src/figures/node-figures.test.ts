import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NodeFigures, type FigureSources } from "./node-figures.ts";

const ticks = (total: number, softirq: number): string => `cpu ${total - softirq} 0 0 0 0 0 ${softirq} 0 0 0\n`;
const files = (changes: Record<string, string> = {}): Record<string, string> => ({
  "/proc/stat": ticks(1000, 10),
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
    pods: () => [{ isReady: true }, { isReady: false }, { isReady: undefined }],
    routing: () => "digest",
    cpuMicros: () => 1_500_000,
    rssBytes: () => 100,
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
      pods: { running: 2, notReady: 1 },
      routing: "digest",
      agent: { cpuMs: 1500, rssBytes: 100 },
    });
  });

  it("leaves out what cannot be read, rather than to say 0", () => {
    const figures = figuresOver({}, { tcp: () => undefined, pods: () => undefined, routing: () => undefined });
    assert.deepEqual(figures.observe(undefined), { since: "2026-01-01T00:00:00.000Z", agent: { cpuMs: 1500, rssBytes: 100 } });
  });
});
