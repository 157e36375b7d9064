import assert from "node:assert/strict";
import { test } from "node:test";
import type { LabPool } from "../lab/lab-plan.ts";
import { decideStep, type LabSight, type LabStep, type SeenNode } from "./decide-step.ts";

const one: LabPool = { name: "one", mode: "System", osSku: "Ubuntu" };
const two: LabPool = { name: "two", mode: "User", osSku: "AzureLinux" };

/** `one-0`, or `one-0!` when its processes have ended. */
function running(...nodes: string[]): LabSight {
  const seen = nodes.map((text): SeenNode => {
    const name = text.replace("!", "");
    return { name, pool: name.split("-")[0] ?? "", isWell: !text.endsWith("!") };
  });
  return { kind: "Running", nodes: seen };
}

const cases: readonly { say: string; wanted: [LabPool, number][]; there: LabSight; step: LabStep | undefined }[] = [
  { say: "nothing is there", wanted: [[one, 2]], there: { kind: "Absent" }, step: { kind: "Build", nodes: 2, why: "" } },
  {
    say: "a start was broken off",
    wanted: [
      [one, 1],
      [two, 2],
    ],
    there: { kind: "Broken", why: "its start was broken off" },
    step: { kind: "Build", nodes: 3, why: "its start was broken off" },
  },
  { say: "all is as wished", wanted: [[one, 2]], there: running("one-0", "one-1"), step: undefined },
  {
    say: "a node is missing",
    wanted: [[one, 3]],
    there: running("one-0", "one-1"),
    step: { kind: "AddNode", pool: one, number: 3, of: 3, missing: 1 },
  },
  {
    say: "a pool is new",
    wanted: [
      [one, 1],
      [two, 2],
    ],
    there: running("one-0"),
    step: { kind: "AddNode", pool: two, number: 1, of: 2, missing: 2 },
  },
  {
    say: "a pool is smaller: its newest node goes, whatever its number",
    wanted: [[one, 2]],
    there: running("one-0", "one-2", "one-1"),
    step: { kind: "RetireNode", node: "one-1", pool: "one" },
  },
  {
    say: "a pool is gone",
    wanted: [[one, 1]],
    there: running("one-0", "two-0"),
    step: { kind: "RetireNode", node: "two-0", pool: "two" },
  },
  {
    say: "one pool grows and another shrinks: nodes come before others go",
    wanted: [
      [one, 1],
      [two, 1],
    ],
    there: running("one-0", "one-1"),
    step: { kind: "AddNode", pool: two, number: 1, of: 1, missing: 1 },
  },
  { say: "a node has ended", wanted: [[one, 2]], there: running("one-0!", "one-1"), step: { kind: "DropNode", node: "one-0" } },
  {
    say: "a node has ended that is not wished for any more",
    wanted: [[one, 1]],
    there: running("one-0", "one-1!"),
    step: { kind: "DropNode", node: "one-1" },
  },
  {
    say: "a pool without nodes is asked for",
    wanted: [
      [one, 1],
      [two, 0],
    ],
    there: running("one-0"),
    step: undefined,
  },
];

for (const { say, wanted, there, step } of cases)
  test(`the next step when ${say}`, () => {
    assert.deepEqual(
      decideStep(
        wanted.map(([pool, count]) => ({ pool, count })),
        there,
      ),
      step,
    );
  });

/** Follows the steps from some nodes to some counts, and gives how many nodes there are in the end. */
function follow(nodes: string[], wanted: { pool: LabPool; count: number }[]): number {
  for (let steps = 1; steps <= 20; steps++) {
    const step = decideStep(wanted, running(...nodes));
    if (step === undefined) return nodes.length;
    if (step.kind === "AddNode") nodes.push(`${step.pool.name}-${100 + steps}`);
    else if (step.kind === "RetireNode") nodes.splice(nodes.indexOf(step.node), 1);
    else assert.fail(step.kind);
  }
  return assert.fail("no end after 20 steps");
}

test("steps come to an end, one node at a time, from any counts to any others", () => {
  const counts = Array.from(
    { length: 81 },
    (_, at) => [at % 3, Math.floor(at / 3) % 3, Math.floor(at / 9) % 3, Math.floor(at / 27)] as const,
  );
  for (const [ones, twos, wantedOnes, wantedTwos] of counts) {
    const nodes = [...Array.from({ length: ones }, (_, at) => `one-${at}`), ...Array.from({ length: twos }, (_, at) => `two-${at}`)];
    const wanted = [
      { pool: one, count: wantedOnes },
      { pool: two, count: wantedTwos },
    ];
    assert.equal(follow(nodes, wanted), wantedOnes + wantedTwos);
  }
});
