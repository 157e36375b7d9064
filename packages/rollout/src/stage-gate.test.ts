import assert from "node:assert/strict";
import { test } from "node:test";
import { productionPolicy, type RolloutPolicy } from "@hostrouting/domain";
import { Simulation } from "./simulate.ts";

/** Switches nodes on, and answers how many were started with each stage; canaries first. */
function stages(nodes: number, policy: Partial<RolloutPolicy>, kinds = 1): readonly number[] {
  const simulation = new Simulation({ nodeSoakMs: 0, canarySoakMs: 0, batchSoakMs: 0, maxUnavailable: "50%", ...policy });
  for (let index = 0; index < nodes; index += 1) simulation.addNode(`n${1000 + index}`).image = `image-${index % kinds}`;
  simulation.request("BpfVeth");
  for (let rounds = 0; rounds < 500 && simulation.operation !== undefined; rounds += 1) simulation.step();
  assert.equal(simulation.last?.status.state, "Enabled");
  const counts: number[] = [];
  for (const { stage = -1 } of simulation.records) counts[stage] = (counts[stage] ?? 0) + 1;
  return Array.from(counts, (count) => count ?? 0);
}

const { batchPlan } = productionPolicy;
const cases: readonly (readonly [
  name: string,
  nodes: number,
  policy: Partial<RolloutPolicy>,
  kinds: number,
  expected: readonly number[],
])[] = [
  ["a hundred nodes by the default plan", 100, { canaryPerStratum: 1, batchPlan }, 1, [1, 1, 5, 10, 25, 58]],
  ["of four kinds a canary each", 100, { canaryPerStratum: 1, batchPlan }, 4, [4, 1, 5, 10, 25, 55]],
  ["three nodes by the default plan", 3, { canaryPerStratum: 1, batchPlan }, 1, [1, 1, 1]],
  ["percentages are rounded up", 30, { canaryPerStratum: 1, batchPlan: ["5%"] }, 1, [1, 2, 27]],
  ["more canaries than nodes of a kind", 4, { canaryPerStratum: 3, batchPlan: [] }, 2, [4]],
  ["a plan that is larger than the cluster", 4, { canaryPerStratum: 1, batchPlan: [500, 1] }, 1, [1, 3]],
  ["neither canaries nor batches", 4, { canaryPerStratum: 0, batchPlan: [] }, 1, [0, 4]],
  ["a node at a time", 4, { canaryPerStratum: 0, batchPlan: [1, 1, 1] }, 1, [0, 1, 1, 1, 1]],
];
for (const [name, nodes, policy, kinds, expected] of cases) test(name, () => assert.deepEqual(stages(nodes, policy, kinds), expected));

test("no batch begins before the one before is enabled and has soaked", () => {
  const simulation = new Simulation({
    nodeSoakMs: 0,
    canaryPerStratum: 1,
    canarySoakMs: 5_000,
    batchPlan: ["20%", "20%"],
    batchSoakMs: 3_000,
    maxUnavailable: "50%",
  });
  for (let index = 0; index < 20; index += 1) simulation.addNode(`n${10 + index}`);
  simulation.request("BpfVeth");
  const enabledAt = new Map<string, number>();
  while (simulation.operation !== undefined) {
    const before = simulation.records;
    simulation.step();
    for (const record of simulation.records) if (record.phase === "Enabled") enabledAt.set(record.uid, record.since);
    const started = simulation.records.filter(
      ({ uid, stage }) => stage !== undefined && before.find((each) => each.uid === uid)?.stage === undefined,
    );
    for (const { stage = 0, since } of started)
      for (const earlier of simulation.records.filter((each) => each.stage !== undefined && each.stage < stage)) {
        const soakMs = earlier.stage === 0 ? 5_000 : 3_000;
        assert.ok(since - (enabledAt.get(earlier.uid) ?? Infinity) >= soakMs, `stage ${stage} began too early after ${earlier.node}`);
      }
  }
  assert.equal(simulation.last?.status.state, "Enabled");
});
