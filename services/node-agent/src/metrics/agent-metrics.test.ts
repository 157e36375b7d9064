import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { exposition, MetricsServer } from "@hostrouting/runtime";
import { decodeCounters, GUARD_LAYOUTS } from "../guard/guard-layout.ts";
import { zeroCounters } from "../host-routing/counters.ts";
import { agentMetrics, type AgentFacts } from "./agent-metrics.ts";
import { metricsEndpoints } from "./metrics-endpoints.ts";

const golden = new URL("agent-metrics.golden.txt", import.meta.url);

function facts(): AgentFacts {
  const kernel = Buffer.alloc(GUARD_LAYOUTS.gd_counters.size);
  for (let index = 0; index < kernel.length / 8; index += 1) kernel.writeBigUInt64LE(BigInt(index + 1), index * 8);
  const packets = zeroCounters();
  packets.fromPod.FastRemote = 2 ** 40;
  packets.fromNet.DropDenied = 7;
  return {
    agentVersion: "0.1.0",
    packets,
    devices: [{ attached: true }, { attached: false }],
    guard: {
      rung: "Lsm",
      mode: "Enforce",
      auditUntilMs: undefined,
      counters: decodeCounters(kernel),
      trial: undefined,
      tampered: undefined,
      attachedAt: 1,
      fault: undefined,
    },
    attemptsToldOf: [{ verdict: "Denied", why: "UnknownWriter", count: 5 }],
    rules: { Bypassed: 1, Unaffected: 2, Inert: 3, Owned: 40, Unknown: 0 },
    status: {
      effectiveMode: "BpfVeth",
      conditions: [{ type: "GuardActive", status: "True", reason: "Lsm", message: "", lastTransitionTime: "2026-01-01T00:00:00Z" }],
      scan: { state: "Dirty", findings: 1 },
      masquerade: { state: "Active", live: 12, exhausted: 1 },
      policy: { state: "InForce", denied: 7 },
      probes: [
        { name: "self-test", outcome: "Failed" },
        { name: "wireserver-80", outcome: "Passed" },
      ],
      disruption: {
        flowsAtSwitch: 100,
        byReason: { reset: 1, timeout: 0, connectFailure: 2 },
        canaries: [{ name: "tcp", longestSilenceMs: 250 }],
      },
    } as AgentFacts["status"],
  };
}

const unknown = (): AgentFacts => ({
  ...facts(),
  status: undefined,
  packets: undefined,
  devices: undefined,
  rules: undefined,
  attemptsToldOf: [],
  guard: { ...facts().guard, rung: "Audit", mode: "Off", counters: undefined, attachedAt: undefined },
});

describe("what an agent tells Prometheus", () => {
  it("is what stands beside this test; UPDATE_GOLDENS=1 writes it anew", async () => {
    const text = await exposition(agentMetrics(facts()));
    if (process.env["UPDATE_GOLDENS"] === "1") writeFileSync(golden, text);
    assert.ok(existsSync(golden), `${golden.pathname} is missing`);
    assert.equal(text, readFileSync(golden, "utf8"));
  });

  it("is nothing of what it does not know", async () => {
    const text = await exposition(agentMetrics(unknown()));
    assert.deepEqual(
      text.split("\n").filter((line) => line !== "" && !line.startsWith("#")),
      ['acns_hostrouting_agent_info{version="0.1.0"} 1', 'acns_hostrouting_guard_info{rung="Audit",mode="Off"} 1'],
    );
  });

  it("has few series, however many pods there are", async () => {
    const text = await exposition(agentMetrics({ ...facts(), devices: Array.from({ length: 500 }, () => ({ attached: true })) }));
    assert.ok(text.split("\n").length < 250, "a node has a bounded number of series");
  });

  it("is explained in docs/metrics.md, and nothing else is", () => {
    const [, text = ""] = readFileSync(new URL("../../../../docs/metrics.md", import.meta.url), "utf8").split("\n## Of a node agent\n");
    const [section = ""] = text.split("\n## ");
    const rows = [...section.matchAll(/^\| `(\w+)` +\| (\w+) +\|/gm)].map(([, name, type]) => [name, type]);
    assert.deepEqual(
      rows,
      agentMetrics(facts()).map(({ name, type }) => [name, type]),
    );
  });

  it("is what a scrape gets", async () => {
    const logger = { info: () => {}, warn: () => {}, error: () => {} };
    const server = new MetricsServer({ collect: () => agentMetrics(facts()), logger, monotonicNow: () => 0 });
    server.follow(metricsEndpoints({ metrics: {} }, []).map(({ host }) => ({ host, port: 0 })));
    while (server.addresses().length === 0) await setImmediate();
    const [at] = server.addresses();
    const answer = await fetch(`http://${at?.host}:${at?.port}/metrics`);
    assert.equal(await answer.text(), readFileSync(golden, "utf8"));
    server.stop();
  });
});

describe("where an agent answers", () => {
  const cases: [config: Parameters<typeof metricsEndpoints>[0], expected: string[]][] = [
    [undefined, ["127.0.0.1 9476"]],
    [null, ["127.0.0.1 9476"]],
    [{}, ["127.0.0.1 9476"]],
    [{ metrics: { port: 9999 } }, ["127.0.0.1 9999"]],
    [{ metrics: { listen: "Off" } }, []],
    [{ metrics: { listen: "Node" } }, ["127.0.0.1 9476", "10.0.0.4 9476", "fd00::4 9476"]],
  ];
  for (const [config, expected] of cases)
    it(`${JSON.stringify(config)}: ${expected.join(", ") || "nowhere"}`, () => {
      assert.deepEqual(
        metricsEndpoints(config, ["10.0.0.4", "fd00::4"]).map(({ host, port }) => `${host} ${port}`),
        expected,
      );
    });
});
