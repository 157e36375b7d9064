import assert from "node:assert/strict";
import { test } from "node:test";
import { as, type Instant, type ManagedPolicyStatus, type PolicyDrift } from "@hostrouting/domain";
import type { ReportingNode } from "./node-conditions.ts";
import type { PolicyKeeping } from "./policy-plan.ts";
import { policyCondition, policyIllness, policyWarnings } from "./policy-status.ts";
import { isCatalogued, WARNING_CATALOGUE } from "./warning-catalogue.ts";

const edited: PolicyDrift = {
  path: "/spec/egress",
  desired: undefined,
  observed: "[{}]",
  manager: "flux",
  firstSeen: as<Instant>(1),
  correctedAt: undefined,
};

function keeping(status: Partial<ManagedPolicyStatus>, isNeeded = true): PolicyKeeping {
  const whole = { name: "p", mode: "Correct", state: "InSync", message: "", wasThere: true, drift: [], ...status } as const;
  return { status: whole, isNeeded, intents: [], waits: [], history: [] };
}

const rows: readonly (readonly [status: Partial<ManagedPolicyStatus>, warning: string | undefined, condition: string, isIll: boolean])[] = [
  [{ state: "InSync" }, undefined, "True InSync", false],
  [{ state: "Pending" }, undefined, "False Pending", false],
  [{ state: "Drifted" }, undefined, "False Drifted", false],
  [{ state: "Drifted", mode: "Warn" }, "network-policy-drifted", "False Drifted", true],
  [{ state: "Contested" }, "network-policy-contested", "False Contested", true],
  [{ state: "Foreign" }, "network-policy-foreign", "False Foreign", true],
  [{ state: "Unsupported" }, undefined, "False Unsupported", true],
  [{ state: "Refused" }, undefined, "False Refused", true],
  [{ state: "Unknown" }, undefined, "Unknown Unknown", true],
  [{ state: "NotManaged", mode: "Off" }, "network-policy-notmanaged", "False NotManaged", false],
];

for (const [status, warning, condition, isIll] of rows)
  test(`a policy that is ${status.state} in mode ${status.mode ?? "Correct"}: warning ${warning ?? "none"}, condition ${condition}`, () => {
    const kept = keeping(status);
    assert.deepEqual(
      policyWarnings(kept).map(({ id }) => id),
      warning === undefined ? [] : [warning],
    );
    assert.deepEqual(
      policyCondition(kept, []).map((one) => `${one.type} ${one.status} ${one.reason}`),
      [`PolicyReconciled ${condition}`],
    );
    assert.equal(policyIllness(kept, []) !== undefined, isIll);
    for (const one of policyWarnings(kept)) assert.ok(isCatalogued(one));
    for (const nobody of [keeping(status, false), { ...kept, status: undefined }])
      assert.deepEqual([policyWarnings(nobody), policyCondition(nobody, []), policyIllness(nobody, [])], [[], [], undefined]);
  });

test("a warning says what was changed and by whom, and what that means", () => {
  const [warning] = policyWarnings(
    keeping({ state: "Contested", message: "Changed again.", drift: [edited, { ...edited, path: "", manager: undefined }] }),
  );
  assert.deepEqual(warning, {
    id: "network-policy-contested",
    ...WARNING_CATALOGUE["network-policy-contested"],
    impactNumber: 1,
    message: "Changed again. Changed: /spec/egress by flux, the whole policy by nobody that the object names.",
    subjects: ["p"],
  });
});

const says = (name: string, status: "True" | "False" | "Unknown", reason: string): ReportingNode => {
  return { name, report: { conditions: [{ type: "PolicyReconciled", status, reason, message: `${name} saw` }] } };
};
const silent = (node: ReportingNode): ReportingNode => ({ ...node, heardAt: as<Instant>(0), isSilent: true });
const overNodes: readonly (readonly [what: string, nodes: readonly ReportingNode[], condition: string, isIll: boolean])[] = [
  ["no node is on", [], "True InSync", false],
  ["agents that do not try", [{ name: "a", report: {} }], "Unknown NotReported", false],
  ["no agent reports", [{ name: "a", report: undefined }], "Unknown NotReported", false],
  ["one agent fell silent", [says("a", "True", "Probed"), silent(says("b", "True", "Probed"))], "Unknown NotReported", false],
  ["all agents fell silent", [silent(says("a", "True", "Probed"))], "Unknown NotReported", false],
  ["one fell silent after a pod had reached it", [silent(says("a", "False", "ProbeFailed"))], "False ProbeFailed", true],
  ["every node found it so", [says("a", "True", "Probed"), says("b", "True", "Probed")], "True Probed", false],
  ["one has not tried yet", [says("a", "True", "Probed"), says("b", "Unknown", "NotProved")], "Unknown NotProved", false],
  ["a pod of one node reaches it", [says("a", "Unknown", "NotProved"), says("b", "False", "ProbeFailed")], "False ProbeFailed", true],
];

for (const [what, nodes, condition, isIll] of overNodes)
  test(`an object that is in sync, and ${what}: ${condition}`, () => {
    assert.deepEqual(
      policyCondition(keeping({}), nodes).map(({ status, reason }) => `${status} ${reason}`),
      [condition],
    );
    assert.equal(policyIllness(keeping({}), nodes) !== undefined, isIll);
  });

test("what nodes found counts for nothing while the object is not as it should be", () => {
  const [one] = policyCondition(keeping({ state: "Contested" }), [says("a", "True", "Probed")]);
  assert.deepEqual([one?.status, one?.reason], ["False", "Contested"]);
});
