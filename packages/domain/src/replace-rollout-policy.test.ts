import assert from "node:assert/strict";
import { test } from "node:test";
import { as, type Instant } from "./brand.ts";
import { replaceRolloutPolicy } from "./replace-rollout-policy.ts";
import { productionPolicy, type RolloutPolicy } from "./rollout-policy.ts";

const overrides = { now: as<Instant>(Date.UTC(2026, 3, 1)), overridableRules: ["PF-017"] };
const ended = { ruleId: "PF-017", reason: "kernel", expiresAt: "2026-03-01T00:00:00.000Z" };
const current: Partial<RolloutPolicy> = { confirmSeconds: 30, nodeSoakMs: productionPolicy.nodeSoakMs, preflightOverrides: [ended] };

test("what is not given goes back to its default", () => {
  assert.deepEqual(replaceRolloutPolicy(current, { verifyCount: 3 }, overrides), { policy: { verifyCount: 3 } });
  assert.deepEqual(replaceRolloutPolicy(current, {}, overrides), { policy: {} });
  assert.deepEqual(replaceRolloutPolicy(current, { confirmSeconds: null }, overrides), { policy: {} });
});

test("writing back what was read changes nothing, whatever the order of its members", () => {
  const read = { ...productionPolicy, ...current };
  const [override] = read.preflightOverrides;
  const turned = { preflightOverrides: [Object.fromEntries(Object.entries(override ?? {}).toReversed())] };
  assert.deepEqual(replaceRolloutPolicy(current, { ...read, ...turned }, overrides), { policy: current });
});

test("an override that has ended stays, and cannot be set anew", () => {
  assert.deepEqual(replaceRolloutPolicy(current, { preflightOverrides: [ended], confirmSeconds: 31 }, overrides), {
    policy: { confirmSeconds: 31, preflightOverrides: [ended] },
  });
  assert.ok("faults" in replaceRolloutPolicy({}, { preflightOverrides: [ended] }, overrides));
});

test("a member that differs is judged, and unknown ones are told with all others", () => {
  const answer = replaceRolloutPolicy(current, { hope: 1, confirmSeconds: 0 }, overrides);
  assert.deepEqual("faults" in answer && answer.faults.map(({ member }) => member), ["hope", "confirmSeconds"]);
});
