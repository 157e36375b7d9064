import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { PolicyStatus } from "../policy/policy-status.ts";
import type { ProbeResult } from "./judge-probes.ts";
import { policyCondition } from "./policy-condition.ts";

const passed: ProbeResult = { name: "a", outcome: "Passed", message: "No answer." };
const failed: ProbeResult = { name: "b", outcome: "Failed", message: "A pod reaches it." };
const unknown: ProbeResult = { name: "c", outcome: "Unknown", message: "Not tried." };

describe("PolicyReconciled of a node", () => {
  const cases: [what: string, state: PolicyStatus["state"], results: ProbeResult[], condition: string | undefined][] = [
    ["what a pod has found", "InForce", [passed], "True Probed No answer."],
    ["also where the node's own rules deny", "Ready", [passed], "True Probed No answer."],
    ["never true while one was reached", "InForce", [passed, failed, unknown], "False ProbeFailed A pod reaches it."],
    ["whatever else is wrong", "Degraded", [failed], "False ProbeFailed A pod reaches it."],
    ["not true while the kernel has other rules", "Degraded", [passed], "False Degraded m"],
    ["not known while something was not tried", "InForce", [passed, unknown], "Unknown NotProved Not tried."],
    ["not known without anything to try", "InForce", [], "Unknown NotProbed The policies deny nothing that can be tried."],
    ["not known while the policies are not", "Unknown", [], "Unknown PolicyUnknown m"],
    ["nothing without a policy", "NoPolicy", [], undefined],
    ["nothing without policies at all", "NotInstalled", [], undefined],
  ];
  for (const [what, state, results, expected] of cases)
    it(what, () => {
      const [found] = policyCondition({ state, message: "m" }, results);
      assert.equal(found && [found.status, found.reason, found.message].join(" "), expected);
    });
});
