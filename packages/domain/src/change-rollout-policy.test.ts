import assert from "node:assert/strict";
import { test } from "node:test";
import { changeRolloutPolicy, rolloutPolicyBounds } from "./change-rollout-policy.ts";
import { developmentPolicy, productionPolicy } from "./rollout-policy.ts";

test("given members replace, null goes back to the default, the rest stays", () => {
  const changed = changeRolloutPolicy({ confirmSeconds: 30, nodeSoakMs: 2_000 }, { nodeAction: "DrainAndSwitch", confirmSeconds: null });
  assert.deepEqual(changed, { policy: { nodeSoakMs: 2_000, nodeAction: "DrainAndSwitch" } });
});

test("every fault is named, and nothing changes", () => {
  const members = { nodeAction: "Hope", maxUnavailable: 0, nodeSoakMs: 1.5, confirmSeconds: "30", colour: "red" };
  const changed = changeRolloutPolicy({}, members);
  assert.ok("faults" in changed);
  assert.deepEqual(
    changed.faults.map((fault) => fault.member),
    Object.keys(members),
  );
});

for (const [name, policy] of Object.entries({ productionPolicy, developmentPolicy }))
  test(`${name} is within the bounds`, () => {
    assert.deepEqual(Object.keys(policy).toSorted(), Object.keys(rolloutPolicyBounds).toSorted());
    assert.deepEqual(changeRolloutPolicy({}, policy), { policy });
  });
