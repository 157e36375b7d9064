import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DenyRule } from "./deny-table.ts";
import { keepPolicies, NO_POLICIES, type KeptPolicies } from "./keep-policies.ts";
import type { ReadPolicy } from "./read-policy.ts";

const MINUTE_MS = 60_000;
const deny = (port: number, ranges = ["192.0.2.0/24"]): DenyRule => ({ ranges, ports: [{ protocol: "TCP", first: port, last: port }] });
const good = (name: string, generation: number, port: number): ReadPolicy => ({ name, generation, rules: [deny(port)] });
const bad = (name: string, generation: number): ReadPolicy => ({ name, generation, fault: "not understood" });
/** Ports that are denied, whatever the range. */
const ports = ({ table }: KeptPolicies): number[] => [...table.values()].flatMap((denied) => denied.map(({ first }) => first));

/** What counts after each of these looks, in minutes. */
function after(...looks: [minute: number, seen: readonly ReadPolicy[] | undefined][]): KeptPolicies {
  return looks.reduce((kept, [minute, seen]) => keepPolicies(kept, seen, minute * MINUTE_MS), NO_POLICIES);
}

describe("policies that count", () => {
  const cases: [what: string, looks: [number, readonly ReadPolicy[] | undefined][], denied: number[]][] = [
    ["none", [[0, []]], []],
    ["all that there are", [[0, [good("b", 1, 443), good("a", 1, 80)]]], [80, 443]],
    [
      "what was taken out of one as well, for less than two minutes",
      [
        [0, [good("a", 1, 80)]],
        [5, [good("a", 2, 443)]],
        [6.99, [good("a", 2, 443)]],
      ],
      [80, 443],
    ],
    [
      "and then its latest rules alone",
      [
        [0, [good("a", 1, 80)]],
        [5, [good("a", 2, 443)]],
        [7, [good("a", 2, 443)]],
      ],
      [443],
    ],
    [
      "what was taken out and put back, once",
      [
        [0, [good("a", 1, 80)]],
        [5, [good("a", 2, 443)]],
        [6, [good("a", 3, 80)]],
        [7.5, [good("a", 3, 80)]],
      ],
      [80, 443],
    ],
    [
      "what was taken out of one that is not understood now",
      [
        [0, [good("a", 1, 80)]],
        [5, [good("a", 2, 443)]],
        [6, [bad("a", 3)]],
        [8, [bad("a", 3)]],
      ],
      [443],
    ],
    [
      "the last rules that were understood",
      [
        [0, [good("a", 1, 80)]],
        [9, [bad("a", 2)]],
      ],
      [80],
    ],
    ["none of what was never understood", [[0, [bad("a", 1)]]], []],
    [
      "a deleted one, for less than two minutes",
      [
        [0, [good("a", 1, 80)]],
        [5, []],
        [6.99, []],
      ],
      [80],
    ],
    [
      "not for longer",
      [
        [0, [good("a", 1, 80)]],
        [5, []],
        [7, []],
      ],
      [],
    ],
    [
      "a deleted one that is there again, from anew",
      [
        [0, [good("a", 1, 80)]],
        [5, []],
        [6, [good("a", 1, 80)]],
        [7, []],
        [8.5, []],
      ],
      [80],
    ],
    [
      "a deleted one while nobody can look",
      [
        [0, [good("a", 1, 80)]],
        [5, []],
        [99, undefined],
      ],
      [80],
    ],
    [
      "a deleted one for two minutes more when the clock was put back",
      [
        [9, [good("a", 1, 80)]],
        [9, []],
        [0, []],
        [1.9, []],
      ],
      [80],
    ],
    [
      "and then no more",
      [
        [9, [good("a", 1, 80)]],
        [9, []],
        [0, []],
        [2, []],
      ],
      [],
    ],
  ];
  for (const [what, looks, denied] of cases) it(what, () => assert.deepEqual(ports(after(...looks)), denied));

  it("are told with the generation whose rules count, and with what is wrong", () => {
    const { policies } = after([0, [good("a", 3, 80), good("b", 1, 81)]], [1, [bad("a", 4), bad("c", 1)]]);
    assert.deepEqual(policies, [
      { name: "a", generation: 3, rules: [deny(80)], fault: "not understood" },
      { name: "b", generation: 1, rules: [deny(81)], goneSince: MINUTE_MS },
      { name: "c", generation: 1, rules: [], fault: "not understood" },
    ]);
  });

  it("somebody who edits without pause fills no table", () => {
    const kept = after(...Array.from({ length: 50 }, (_, index): [number, ReadPolicy[]] => [0, [good("a", index + 1, 1000 + 2 * index)]]));
    assert.deepEqual([ports(kept).length, Math.max(...ports(kept))], [9, 1098]);
  });

  it("leave everything as it was when there is no room for all of them", () => {
    const many: ReadPolicy = {
      name: "b",
      generation: 1,
      rules: [
        deny(
          1,
          Array.from({ length: 1025 }, (_, index) => `10.0.${index >> 8}.${index & 255}/32`),
        ),
      ],
    };
    const kept = after([0, [good("a", 1, 80)]], [1, [good("a", 1, 80), many]]);
    assert.deepEqual(ports(kept), [80]);
    assert.match(kept.fault ?? "", /1026 address ranges/);
    const without = keepPolicies(kept, [good("a", 1, 80)], 2 * MINUTE_MS);
    assert.equal(keepPolicies(without, [good("a", 1, 80)], 4 * MINUTE_MS).fault, undefined);
  });
});
