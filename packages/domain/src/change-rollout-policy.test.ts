import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { as, type Instant } from "./brand.ts";
import { changeRolloutPolicy, rolloutPolicyBounds } from "./change-rollout-policy.ts";
import { developmentPolicy, productionPolicy } from "./rollout-policy.ts";

const overrides = { now: as<Instant>(Date.UTC(2026, 0, 1)), overridableRules: ["PF-017"] };

test("given members replace, null goes back to the default, the rest stays", () => {
  const given = { nodeAction: "DrainAndSwitch", confirmSeconds: null };
  assert.deepEqual(changeRolloutPolicy({ confirmSeconds: 30, nodeSoakMs: 2_000 }, given, overrides), {
    policy: { nodeSoakMs: 2_000, nodeAction: "DrainAndSwitch" },
  });
});

test("every fault is named, also within lists, and nothing changes", () => {
  const members = { nodeAction: "Hope", maxUnavailable: 0, nodeSoakMs: 1.5, confirmSeconds: "30", colour: "red", constructor: null };
  const changed = changeRolloutPolicy({}, { ...members, preflightOverrides: [{ ruleId: "PF-017" }] }, overrides);
  assert.ok("faults" in changed);
  assert.deepEqual(
    changed.faults.map((fault) => fault.member),
    [...Object.keys(members), "preflightOverrides[0].reason", "preflightOverrides[0].expiresAt"],
  );
});

test("numbers of nodes may be percentages within bounds of their own", () => {
  for (const maxUnavailable of [1, 500, "1%", "50%"])
    assert.deepEqual(changeRolloutPolicy({}, { maxUnavailable }, overrides), { policy: { maxUnavailable } });
  for (const maxUnavailable of [0, 501, "0%", "51%", "10", "1.5%", "ten", {}])
    assert.ok("faults" in changeRolloutPolicy({}, { maxUnavailable }, overrides), JSON.stringify(maxUnavailable));
  assert.ok("faults" in changeRolloutPolicy({}, { minSuccessPercent: "90%" }, overrides), "a number of per cent is no number of nodes");
});

test("a batch plan is a list of sizes, and each fault is told by its place", () => {
  for (const batchPlan of [[], [1, "5%", "100%"]])
    assert.deepEqual(changeRolloutPolicy({}, { batchPlan }, overrides), { policy: { batchPlan } });
  const changed = changeRolloutPolicy({}, { batchPlan: [1, 0, "101%", null] }, overrides);
  assert.deepEqual("faults" in changed && changed.faults.map(({ member }) => member), ["batchPlan[1]", "batchPlan[2]", "batchPlan[3]"]);
  for (const batchPlan of ["1", {}, Array.from({ length: 21 }, () => 1)])
    assert.ok("faults" in changeRolloutPolicy({}, { batchPlan }, overrides));
});

test("a list replaces the one before", () => {
  const before = { preflightOverrides: [{ ruleId: "PF-017", reason: "before", expiresAt: "2026-01-02T00:00:00.000Z" }] };
  const given = [{ ruleId: "PF-017", reason: "now", expiresAt: "2026-02-01T01:00:00+01:00" }];
  const kept = [{ ruleId: "PF-017", reason: "now", expiresAt: "2026-02-01T00:00:00.000Z" }];
  assert.deepEqual(changeRolloutPolicy(before, { preflightOverrides: given }, overrides), { policy: { preflightOverrides: kept } });
  assert.deepEqual(changeRolloutPolicy(before, { preflightOverrides: [] }, overrides), { policy: { preflightOverrides: [] } });
  assert.deepEqual(changeRolloutPolicy(before, { preflightOverrides: null }, overrides), { policy: {} });
});

for (const [name, policy] of Object.entries({ productionPolicy, developmentPolicy }))
  test(`${name} is within the bounds`, () => {
    assert.deepEqual(Object.keys(policy).toSorted(), Object.keys(rolloutPolicyBounds).toSorted());
    assert.deepEqual(changeRolloutPolicy({}, policy, overrides), { policy });
  });

test("docs/rollout-policy.md tells every member with its default and its bounds", () => {
  const text = readFileSync(new URL("../../../docs/rollout-policy.md", import.meta.url), "utf8");
  const told = text.split("\n").flatMap((line) => {
    const [, member, initial, bounds] = /^\| `(\w+)` +\| `([^`]+)` +\| ([^|]*?) +\|/.exec(line) ?? [];
    return member === undefined ? [] : [[member, initial, bounds]];
  });
  const bound = (member: keyof typeof productionPolicy): string => {
    const given = rolloutPolicyBounds[member];
    if ("words" in given) return given.words.map((word) => `\`${word}\``).join(", ");
    if ("overridesMax" in given) return `at most ${given.overridesMax} entries`;
    if ("gatesMax" in given) return `at most ${given.gatesMax} entries`;
    const isList = "entriesMax" in given;
    const { min, max, percent } = isList ? given.entry : given;
    return `${isList ? `at most ${given.entriesMax} of ` : ""}${min}–${max}${percent === undefined ? "" : ` or ${percent.min}%–${percent.max}%`}`;
  };
  const members = Object.keys(productionPolicy) as (keyof typeof productionPolicy)[];
  const shown = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
  assert.deepEqual(
    told,
    members.map((member) => [member, shown(productionPolicy[member]), bound(member)]),
  );
});
