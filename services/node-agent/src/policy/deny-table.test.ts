import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { denyTable, type DeniedPorts, type DenyRule } from "./deny-table.ts";

const tcp = (first: number, last = first): DeniedPorts => ({ protocol: "TCP", first, last });
const udp = (first: number, last = first): DeniedPorts => ({ protocol: "UDP", first, last });
const everything: DeniedPorts = { protocol: "Any", first: 0, last: 65_535 };

describe("what each range denies", () => {
  const cases: [what: string, rules: DenyRule[], table: Record<string, DeniedPorts[]>][] = [
    ["no rules", [], {}],
    [
      "every range of a rule",
      [{ ranges: ["10.0.0.0/8", "fd00::/8"], ports: [tcp(80)] }],
      { "10.0.0.0/8": [tcp(80)], "fd00::/8": [tcp(80)] },
    ],
    [
      "one range in two rules",
      [
        { ranges: ["10.0.0.1/32"], ports: [tcp(80)] },
        { ranges: ["10.0.0.1/32"], ports: [udp(53)] },
      ],
      { "10.0.0.1/32": [tcp(80), udp(53)] },
    ],
    [
      "a range within another",
      [
        { ranges: ["10.0.0.0/8"], ports: [tcp(80)] },
        { ranges: ["10.1.0.0/16"], ports: [tcp(443)] },
        { ranges: ["11.1.0.0/16"], ports: [tcp(22)] },
      ],
      { "10.0.0.0/8": [tcp(80)], "10.1.0.0/16": [tcp(80), tcp(443)], "11.1.0.0/16": [tcp(22)] },
    ],
    [
      "the same bits of another family",
      [
        { ranges: ["::/0"], ports: [tcp(1)] },
        { ranges: ["0.0.0.0/0"], ports: [tcp(2)] },
        { ranges: ["a00::/8"], ports: [tcp(3)] },
        { ranges: ["10.0.0.0/8"], ports: [tcp(4)] },
      ],
      { "::/0": [tcp(1)], "0.0.0.0/0": [tcp(2)], "a00::/8": [tcp(1), tcp(3)], "10.0.0.0/8": [tcp(2), tcp(4)] },
    ],
    [
      "ports that overlap or touch, by protocol",
      [{ ranges: ["10.0.0.1/32"], ports: [tcp(90, 99), udp(91), tcp(80, 85), tcp(84, 89), tcp(200), tcp(202)] }],
      { "10.0.0.1/32": [tcp(80, 99), tcp(200), tcp(202), udp(91)] },
    ],
    [
      "everything, which needs no ports",
      [
        { ranges: ["10.0.0.0/8"], ports: [everything] },
        { ranges: ["10.0.0.1/32"], ports: [tcp(80)] },
      ],
      { "10.0.0.0/8": [everything], "10.0.0.1/32": [everything] },
    ],
  ];
  for (const [what, rules, table] of cases) it(what, () => assert.deepEqual(denyTable(rules), { table: new Map(Object.entries(table)) }));

  it("what the kernel has no room for is said", () => {
    const scattered = Array.from({ length: 33 }, (_, index) => tcp(index * 2));
    assert.deepEqual(denyTable([{ ranges: ["10.0.0.1/32"], ports: scattered }]), {
      fault: "10.0.0.1/32 has 33 ranges of ports; there is room for 32",
    });
    const ranges = Array.from({ length: 1025 }, (_, index) => `10.0.${index >> 8}.${index & 255}/32`);
    assert.deepEqual(denyTable([{ ranges, ports: [tcp(80)] }]), { fault: "1025 address ranges; there is room for 1024" });
    assert.ok("table" in denyTable([{ ranges: ranges.slice(1), ports: scattered.slice(1) }]));
  });
});
