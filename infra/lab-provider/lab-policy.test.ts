import assert from "node:assert/strict";
import { test } from "node:test";
import { as, changeRolloutPolicy, type Instant } from "@hostrouting/domain";
import { overridableRules } from "@hostrouting/preflight";
import { withLabPolicy } from "./lab-policy.ts";

const now = Date.UTC(2026, 0, 1);

test("a new cluster gets the lab's policy, one that ARM would take", () => {
  const policy = withLabPolicy({}, now);
  assert.ok(policy);
  assert.equal(policy.preflightOverrides?.[0]?.ruleId, "PF-017");
  assert.deepEqual(changeRolloutPolicy({}, policy, { now: as<Instant>(now), overridableRules }), { policy });
});

test("what people set stays, and nothing is written when all is there", () => {
  const policy = withLabPolicy({ maxUnavailable: 3 }, now);
  assert.equal(policy?.maxUnavailable, 3);
  assert.equal(withLabPolicy(policy ?? {}, now + 1), undefined);
});

test("an override that has run out is renewed, others are left alone", () => {
  const other = { ruleId: "PF-022", reason: "somebody's", expiresAt: "2026-02-01T00:00:00.000Z" };
  const first = withLabPolicy({ preflightOverrides: [other] }, now);
  const later = withLabPolicy(first ?? {}, now + 200 * 86_400_000);
  assert.deepEqual(
    later?.preflightOverrides?.map(({ ruleId }) => ruleId),
    ["PF-022", "PF-017"],
  );
  assert.ok(Date.parse(later.preflightOverrides?.[1]?.expiresAt ?? "") > now + 200 * 86_400_000);
});
