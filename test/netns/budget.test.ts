import assert from "node:assert/strict";
import os from "node:os";
import { describe, it } from "node:test";
import { allowedOn, overBudget, readBudget, seriesOf, type ObjectCosts } from "../vm/instruction-budget.ts";
import { costsOf, loadObjects, plainObjects } from "../vm/load-objects.ts";

/** A kernel that was never measured may have what any other has; of the guard's programs, which guests try, nothing is expected here. */
function allowedHere(): ObjectCosts {
  const allowed = Object.entries(allowedOn(readBudget(), seriesOf(os.release())));
  return Object.fromEntries(allowed.filter(([object]) => plainObjects().includes(object)));
}

describe("this machine's kernel", () => {
  const reports = loadObjects("Conntrack", plainObjects());

  it("takes every object", () =>
    assert.deepEqual(
      reports.flatMap(({ refusal }) => refusal ?? []),
      [],
    ));

  it("takes every object within its budget of instructions", () => assert.deepEqual(overBudget(allowedHere(), costsOf(reports)), []));
});

describe("the budget", () => {
  const program = (verified: number, translated: number): ObjectCosts => ({ "x.bpf.o": { p: { verified, translated } } });
  const allowed = program(1000, 100);
  const cases: [what: string, measured: ObjectCosts, found: string[]][] = [
    ["a tenth more is allowed", program(1100, 110), []],
    ["less is allowed", program(1, 1), []],
    ["more to verify is not", program(1101, 100), ["x.bpf.o p: 1101 instructions verified, 1000 allowed and a tenth more"]],
    ["more to walk through is not", program(1000, 111), ["x.bpf.o p: 111 instructions translated, 100 allowed and a tenth more"]],
    ["a program that is gone is noticed", {}, ["x.bpf.o p has a budget and was not measured"]],
    [
      "a new program needs a budget",
      { "x.bpf.o": { p: { verified: 1, translated: 1 }, q: { verified: 1, translated: 1 } } },
      ["x.bpf.o q has no budget"],
    ],
  ];
  for (const [what, measured, found] of cases) it(what, () => assert.deepEqual(overBudget(allowed, measured), found));

  it("of a kernel that was never measured is the largest of all others", () => {
    const budget = { "6.1": program(10, 200), "6.12": program(20, 100) };
    assert.deepEqual(allowedOn(budget, "6.8"), program(20, 200));
    assert.deepEqual(allowedOn(budget, "6.1"), program(10, 200));
  });
});
