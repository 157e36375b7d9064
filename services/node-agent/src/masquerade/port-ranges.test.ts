import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { EPHEMERAL_DEFAULT, NODE_PORTS_DEFAULT, planPorts, readPortList, readPortRange, type PortPlan } from "./port-ranges.ts";

const range = (first: number, last: number) => ({ first, last });

describe("planPorts", () => {
  const cases: [string, ReturnType<typeof range>, ReturnType<typeof range>, PortPlan][] = [
    ["an ordinary node", EPHEMERAL_DEFAULT, NODE_PORTS_DEFAULT, { ranges: [range(1024, 29_999), range(61_000, 65_535)], shared: false }],
    ["ephemeral ports to the end", range(32_768, 65_535), NODE_PORTS_DEFAULT, { ranges: [range(1024, 29_999)], shared: false }],
    ["ephemeral ports from the beginning", range(1024, 60_999), NODE_PORTS_DEFAULT, { ranges: [range(61_000, 65_535)], shared: false }],
    [
      "ephemeral ports everywhere",
      range(1024, 65_535),
      NODE_PORTS_DEFAULT,
      { ranges: [range(32_768, 65_535), range(1024, 29_999)], shared: true },
    ],
    [
      "a thousand ports left",
      range(2023, 65_535),
      NODE_PORTS_DEFAULT,
      { ranges: [range(32_768, 65_535), range(1024, 29_999)], shared: true },
    ],
    ["three gaps", range(20_000, 25_000), range(50_000, 50_100), { ranges: [range(25_001, 49_999), range(1024, 19_999)], shared: false }],
    [
      "NodePorts within the ephemeral ones",
      range(30_000, 60_000),
      range(40_000, 41_000),
      { ranges: [range(1024, 29_999), range(60_001, 65_535)], shared: false },
    ],
  ];
  for (const [name, ephemeral, nodePorts, expected] of cases)
    it(`plans for ${name}`, () => assert.deepEqual(planPorts({ ephemeral, nodePorts }), expected));

  it("never takes a NodePort, nor an ephemeral port unless it says so", () => {
    const ports = fc.tuple(fc.nat(65_535), fc.nat(65_535)).map(([a, b]) => range(Math.min(a, b), Math.max(a, b)));
    fc.assert(
      fc.property(ports, ports, (ephemeral, nodePorts) => {
        const plan = planPorts({ ephemeral, nodePorts });
        const apart = (a: ReturnType<typeof range>, b: ReturnType<typeof range>): boolean => a.last < b.first || b.last < a.first;
        for (const chosen of plan.ranges) {
          assert.ok(chosen.first >= 1024 && chosen.first <= chosen.last && chosen.last <= 65_535);
          assert.ok(apart(chosen, nodePorts));
          assert.ok(plan.shared || apart(chosen, ephemeral));
        }
      }),
    );
  });
});

describe("readPortRange", () => {
  const cases: [string, ReturnType<typeof range> | undefined][] = [
    ["32768\t60999\n", range(32_768, 60_999)],
    ["30000-32767", range(30_000, 32_767)],
    ["5-4", undefined],
    ["1-65536", undefined],
    ["", undefined],
    ["x", undefined],
  ];
  for (const [text, expected] of cases) it(`reads ${JSON.stringify(text)}`, () => assert.deepEqual(readPortRange(text), expected));
});

describe("readPortList", () => {
  const cases: [string, ReturnType<typeof range>[]][] = [
    ["\n", []],
    ["8080\n", [range(8080, 8080)]],
    ["8080,9000-9100\n", [range(8080, 8080), range(9000, 9100)]],
  ];
  for (const [text, expected] of cases) it(`reads ${JSON.stringify(text)}`, () => assert.deepEqual(readPortList(text), expected));
});
