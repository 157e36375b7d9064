import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { exposition, type MetricFamily } from "./metric-exposition.ts";
import { MetricsServer, type MetricsEndpoint } from "./metrics-server.ts";

const FAMILIES: readonly MetricFamily[] = [
  {
    name: "acns_hostrouting_tries_total",
    help: "Tries.\nBy outcome.",
    type: "counter",
    samples: [
      { labels: { outcome: "denied" }, value: 3 },
      { labels: { outcome: 'a "b" \\ c' }, value: 0 },
    ],
  },
  { name: "acns_hostrouting_share_ratio", help: "Share.", type: "gauge", samples: [{ value: 0.5 }] },
  { name: "acns_hostrouting_unknown", help: "Not known is not 0.", type: "gauge", samples: [] },
];
const TEXT = `# HELP acns_hostrouting_tries_total Tries.\\nBy outcome.
# TYPE acns_hostrouting_tries_total counter
acns_hostrouting_tries_total{outcome="denied"} 3
acns_hostrouting_tries_total{outcome="a \\"b\\" \\\\ c"} 0

# HELP acns_hostrouting_share_ratio Share.
# TYPE acns_hostrouting_share_ratio gauge
acns_hostrouting_share_ratio 0.5
`;

describe("an exposition", () => {
  it("is Prometheus' text format", async () => assert.equal(await exposition(FAMILIES), TEXT));

  it("has common labels at each value", async () => {
    const text = await exposition([{ name: "a", help: "A.", type: "gauge", samples: [{ value: 1 }] }], { version: "1" });
    assert.match(text, /^a\{version="1"\} 1$/m);
  });

  const refused: [what: string, family: Partial<MetricFamily>][] = [
    ["a name with a blank", { name: "a b", samples: [{ value: 1 }] }],
    ["a counter below zero", { type: "counter", samples: [{ value: -1 }] }],
    ["a label that is none", { samples: [{ labels: { "a-b": "c" }, value: 1 }] }],
  ];
  for (const [what, family] of refused)
    it(`does not take ${what}`, () => assert.rejects(exposition([{ name: "a", help: "A.", type: "gauge", samples: [], ...family }])));
});

describe("the server of metrics", () => {
  const warnings: string[] = [];
  const log = (_: unknown, message?: string): void => void warnings.push(message ?? "");
  const logger = { info: () => {}, warn: log, error: log };
  let [collected, now] = [0, 0];
  let families = FAMILIES;
  let server: MetricsServer;
  beforeEach(() => {
    [collected, now, families] = [0, 0, FAMILIES];
    warnings.length = 0;
    server = new MetricsServer({ logger, monotonicNow: () => now, collect: () => (collected++, families) });
  });
  afterEach(() => server.stop());

  const listen = async (...endpoints: MetricsEndpoint[]): Promise<readonly MetricsEndpoint[]> => {
    server.follow(endpoints);
    while (server.addresses().length < endpoints.length) await setImmediate();
    return server.addresses();
  };
  const anywhere = { host: "127.0.0.1", port: 0 };
  const ask = async (path = "/metrics", method = "GET"): Promise<Response> => {
    const [at] = server.addresses();
    return fetch(`http://${at?.host}:${at?.port}${path}`, { method });
  };

  it("answers a scrape", async () => {
    await listen(anywhere);
    const answer = await ask();
    assert.equal(answer.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert.equal(await answer.text(), TEXT);
  });

  const answers: [path: string, method: string, status: number][] = [
    ["/metrics?x=1", "GET", 200],
    ["/metrics", "HEAD", 200],
    ["/metrics", "POST", 405],
    ["/", "GET", 404],
    ["/metricsx", "GET", 404],
  ];
  for (const [path, method, status] of answers)
    it(`${method} ${path} is ${status}`, async () => {
      await listen(anywhere);
      assert.equal((await ask(path, method)).status, status);
    });

  it("collects once in a second, however often it is asked", async () => {
    await listen(anywhere);
    await Promise.all([ask(), ask(), ask()]);
    assert.equal(collected, 1);
    now = 1_000;
    await ask();
    assert.equal(collected, 2);
  });

  it("says that something is wrong, and goes on", async () => {
    families = [{ name: "a b", help: "A.", type: "gauge", samples: [{ value: 1 }] }];
    await listen(anywhere);
    assert.equal((await ask()).status, 500);
    [families, now] = [FAMILIES, 2_000];
    assert.equal((await ask()).status, 200);
  });

  it("listens where it is told and nowhere else", async () => {
    const [first] = await listen(anywhere);
    server.follow([]);
    assert.deepEqual(server.addresses(), []);
    await assert.rejects(fetch(`http://${first?.host}:${first?.port}/metrics`));
  });

  it("warns once of an address that is taken, and has it when it is free", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const taken = { host: "127.0.0.1", port: (other.address() as { port: number }).port };
    for (let round = 0; round < 3; round += 1) {
      server.follow([taken]);
      while (warnings.length === 0) await setImmediate();
    }
    assert.deepEqual(warnings, ["metrics cannot be served here, will be tried again"]);
    other.close();
    await once(other, "close");
    await setImmediate();
    while (server.addresses().length === 0) {
      server.follow([taken]);
      await setImmediate();
    }
    assert.equal((await ask()).status, 200);
  });
});
