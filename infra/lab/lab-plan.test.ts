import assert from "node:assert/strict";
import { test } from "node:test";
import { NODES_MAX, planLab, planNode } from "./lab-plan.ts";

const lab = planLab("/var/state/one");

test("names carry the id, and another state folder gives another id", () => {
  assert.match(lab.id, /^[0-9a-f]{6}$/);
  assert.equal(planLab("/var/state/one").id, lab.id);
  assert.notEqual(planLab("/var/state/two").id, lab.id);
  for (const name of [...Object.values(lab.netns), lab.cgroup, planNode(lab, 1).netns]) assert.ok(name.includes(lab.id), name);
});

test("the first node is the system pool, the others the user pool", () => {
  assert.deepEqual(
    [0, 1, 2].map((slot) => [planNode(lab, slot).name, planNode(lab, slot).pool]),
    [
      ["aks-system-0", "system"],
      ["aks-user-0", "user"],
      ["aks-user-1", "user"],
    ],
  );
});

test("no two slots share an address or a pod range", () => {
  const plans = Array.from({ length: NODES_MAX }, (_, slot) => planNode(lab, slot));
  const values = plans.flatMap((plan) => [plan.ipv4, plan.ipv6, ...plan.podCidrs, plan.netns]);
  assert.equal(new Set(values).size, values.length);
});

test("a slot outside the range is refused", () => {
  for (const slot of [-1, NODES_MAX, 0.5]) assert.throws(() => planNode(lab, slot), RangeError);
});
