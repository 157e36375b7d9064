import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { as, type Instant } from "@hostrouting/domain";
import { conditionWarnings, sharedConditions, type ReportingNode } from "./node-conditions.ts";
import { isCatalogued } from "./warning-catalogue.ts";
import type { ReportedCondition } from "./snapshot.ts";

const node = (
  name: string,
  ...conditions: [type: string, status: ReportedCondition["status"], reason?: string, message?: string][]
): ReportingNode => ({
  name,
  report: { conditions: conditions.map(([type, status, reason = "R", message = "m"]) => ({ type, status, reason, message })) },
});

const NOON = as<Instant>(Date.parse("2026-01-01T12:00:00Z"));

describe("conditions of a cluster over its nodes", () => {
  const cases: [what: string, nodes: readonly ReportingNode[], expected: string[]][] = [
    ["no node", [], []],
    ["agents that know of none", [{ name: "a", report: {} }], []],
    ["all hold", [node("a", ["GuardActive", "True", "Lsm"]), node("b", ["GuardActive", "True", "FmodRet"])], ["GuardActive True Lsm: "]],
    [
      "one does not",
      [node("a", ["GuardActive", "True"]), node("b", ["GuardActive", "False", "Audit", "not refused"])],
      ["GuardActive False Audit: b: not refused"],
    ],
    [
      "what does not hold counts before what is not known",
      [node("a", ["RulesClean", "Unknown"]), node("b", ["RulesClean", "False", "Dirty", "a rule"])],
      ["RulesClean False Dirty: b: a rule"],
    ],
    [
      "one has not said",
      [node("a", ["RulesClean", "True"]), node("b")],
      ["RulesClean Unknown NotReported: b: The agent has not said yet."],
    ],
    [
      "some do not report: they are named, with the time since when",
      [node("a", ["RulesClean", "True"]), { name: "b", report: undefined }, { name: "c", report: undefined, heardAt: NOON }],
      ["RulesClean Unknown NotReported: b (never), c (not since 2026-01-01T12:00:00.000Z): The agent does not report."],
    ],
    [
      "what was well with an agent that fell silent is not known",
      [node("a", ["RulesClean", "True"]), { ...node("b", ["RulesClean", "True"]), heardAt: NOON, isSilent: true }],
      ["RulesClean Unknown NotReported: b (not since 2026-01-01T12:00:00.000Z): The agent does not report."],
    ],
    [
      "what was wrong stays so until somebody says otherwise",
      [{ ...node("a", ["RulesClean", "False", "Dirty", "x"]), heardAt: NOON, isSilent: true }],
      ["RulesClean False Dirty: a: x"],
    ],
    [
      "nodes that say the same are named together",
      [node("a", ["RulesClean", "False", "Dirty", "x"]), node("b", ["RulesClean", "False", "Dirty", "x"])],
      ["RulesClean False Dirty: a, b: x"],
    ],
  ];
  for (const [what, nodes, expected] of cases)
    it(what, () =>
      assert.deepEqual(
        sharedConditions(nodes).map(({ type, status, reason, message }) => `${type} ${status} ${reason}: ${message}`),
        expected,
      ),
    );

  it("a message names ten nodes and counts the rest", () => {
    const many = Array.from({ length: 12 }, (_, n) => node(`n${n}`, ["RulesClean", "False", "Dirty", "x"]));
    assert.match(sharedConditions(many)[0]?.message ?? "", /^n0, .*n9 and 2 more: x$/);
  });
});

describe("warnings from nodes' conditions", () => {
  const cases: [what: string, nodes: readonly ReportingNode[], expected: string[]][] = [
    ["nothing to warn of", [node("a", ["GuardActive", "True", "Lsm"], ["RulesClean", "True"], ["BlockerTampered", "False"])], []],
    ["a kernel that refuses nothing", [node("a", ["GuardActive", "False", "Audit"])], ["guard-not-refusing a"]],
    [
      "a guard that is off or audits while it is brought up",
      [node("a", ["GuardActive", "False", "Off"]), node("b", ["GuardActive", "False", "AuditOnly"])],
      [],
    ],
    ["break-glass", [node("a", ["GuardActive", "False", "BreakGlass"])], ["guard-break-glass a"]],
    ["removed pins", [node("a", ["BlockerTampered", "True"])], ["guard-tampered a"]],
    ["rules on two nodes", [node("a", ["RulesClean", "False"]), node("b", ["RulesClean", "False"])], ["rules-passed-by a,b"]],
    ["a pod that reaches what a policy denies", [node("a", ["PolicyReconciled", "False", "ProbeFailed"])], ["policy-not-enforced a"]],
    ["a policy that nobody has tried yet", [node("a", ["PolicyReconciled", "Unknown", "NotProbed"])], []],
    [
      "rules of the node's own are gone, or its image is not known",
      [
        node("n1", ["DefaultRulesPresent", "False", "Missing"]),
        node("n2", ["DefaultRulesPresent", "Unknown", "ImageUnknown"]),
        node("n3", ["DefaultRulesPresent", "Unknown", "NotRead"], ["DefaultRulesPresent", "True", "Present"]),
      ],
      ["default-rules-missing n1", "node-image-unknown n2"],
    ],
    ["rules that cannot be read", [node("a", ["RulesClean", "Unknown"])], ["rules-unknown a"]],
    [
      "a masquerade configuration that cannot be read",
      [node("a", ["MasqueradeConfigInSync", "False"]), node("b", ["MasqueradeConfigInSync", "True"])],
      ["masquerade-config-invalid a"],
    ],
  ];
  for (const [what, nodes, expected] of cases)
    it(what, () => {
      const warnings = conditionWarnings(nodes);
      assert.deepEqual(
        warnings.map(({ id, subjects }) => `${id} ${subjects.join()}`),
        expected,
      );
      assert.ok(warnings.every(isCatalogued));
    });
});
