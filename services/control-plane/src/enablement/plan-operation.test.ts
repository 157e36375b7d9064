/** What begins, by what was asked of which cluster: as data. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { as, type OperationKind, type ProvisionedFacts, type Provisioning, type ProvisioningPhase } from "@hostrouting/domain";
import { makeCluster, makeOperation } from "../testing/test-cluster.ts";
import { planOperation, poolsDiffer } from "./plan-operation.ts";

const facts = {} as ProvisionedFacts;

function provisioning(phase: ProvisioningPhase, isMade: boolean): Provisioning {
  const none = { attempts: 0, said: "", isHeld: false };
  return {
    ...none,
    clusterId: as("/c"),
    provider: "lab",
    phase,
    present: true,
    wanted: 2,
    done: isMade ? 1 : 0,
    facts: isMade ? facts : undefined,
  };
}

type Row = readonly [
  name: string,
  work: readonly [ProvisioningPhase, isMade: boolean] | undefined,
  was: "BpfVeth" | "None",
  wish: readonly ["BpfVeth" | "None", poolsChange: boolean],
  last: OperationKind | undefined,
  expected: string,
];
const rows: readonly Row[] = [
  ["registered: on", undefined, "None", ["BpfVeth", false], undefined, "EnableHostRouting"],
  ["registered: off", undefined, "BpfVeth", ["None", false], undefined, "DisableHostRouting"],
  ["not made yet, on", ["Stopped", false], "BpfVeth", ["BpfVeth", false], "CreateManagedCluster", "CreateManagedCluster First asks"],
  ["not made yet, off after all", ["Pending", false], "BpfVeth", ["None", false], undefined, "CreateManagedCluster Alone asks"],
  ["made: on", ["Settled", true], "None", ["BpfVeth", false], undefined, "EnableHostRouting"],
  ["made: scaled", ["Settled", true], "BpfVeth", ["BpfVeth", true], undefined, "UpdateAgentPools Alone asks"],
  ["made: on and scaled", ["Settled", true], "None", ["BpfVeth", true], undefined, "EnableHostRouting First asks"],
  ["made: off waits for no provider", ["Pending", true], "BpfVeth", ["None", true], undefined, "DisableHostRouting asks"],
  [
    "made: again after a scaling failed",
    ["Stopped", true],
    "BpfVeth",
    ["BpfVeth", false],
    "UpdateAgentPools",
    "UpdateAgentPools Alone asks",
  ],
  ["made: again after the engine failed", ["Settled", true], "BpfVeth", ["BpfVeth", false], "CreateManagedCluster", "EnableHostRouting"],
  [
    "made: scaled after the engine failed",
    ["Settled", true],
    "BpfVeth",
    ["BpfVeth", true],
    "EnableHostRouting",
    "EnableHostRouting First asks",
  ],
  [
    "made: after a deletion that failed",
    ["Stopped", true],
    "BpfVeth",
    ["BpfVeth", false],
    "DeleteManagedCluster",
    "EnableHostRouting First asks",
  ],
];
for (const [name, work, was, [mode, poolsChange], last, expected] of rows)
  test(name, () => {
    const plan = planOperation(
      {
        cluster: makeCluster("one", { desiredMode: was }),
        active: undefined,
        last: last && makeOperation({ kind: last, phase: "Failed" }),
        provisioning: work && provisioning(...work),
        rolloutPolicy: {},
        maintenance: {},
      },
      { mode, poolsChange },
    );
    assert.equal([plan.kind, plan.provision, plan.asksProvider ? "asks" : undefined].filter(Boolean).join(" "), expected);
    assert.equal(plan.provisioningState, plan.kind === "CreateManagedCluster" ? "Creating" : "Updating");
  });

test("a provider has something to do about count, mode, labels and taints, and about pools that come or go; of the rest it hears nothing", () => {
  const pools = (...agentPoolProfiles: object[]) => ({ agentPoolProfiles });
  const before = pools({ name: "a", count: 1, mode: "System" });
  assert.deepEqual(
    [
      pools({ name: "A", count: 1, mode: "System", maxPods: 30, nodeLabels: null }),
      pools({ name: "a", count: 2, mode: "System" }),
      pools({ name: "a", count: 1, mode: "User" }),
      pools({ name: "a", count: 1, mode: "System", nodeLabels: { x: "y" } }),
      pools({ name: "a", count: 1, mode: "System" }, { name: "b", count: 1 }),
      pools(),
    ].map((after) => poolsDiffer(before, after)),
    [false, true, true, true, true, true],
  );
});
