import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FINDINGS_MAX, ruleFindings, userRulesOf } from "./rule-findings.ts";
import type { NodeObservation, RuleScan } from "./snapshot.ts";

const rule = (text: string, changedBy?: string): RuleScan["rules"][number] => ({
  class: "Bypassed",
  reason: "it drops packets",
  backend: "iptables-nft",
  family: "ip",
  table: "filter",
  chain: "FORWARD",
  rule: text,
  owner: undefined,
  remedy: "",
  removal: `iptables-nft -D ${text}`,
  changedBy,
});
const scan = (state: RuleScan["state"], ...rules: RuleScan["rules"][number][]): RuleScan => {
  return { state, digest: "d", findings: rules.length, rules, unread: [] };
};
/** A node whose agent reports, or reported in an earlier boot. */
const node = (name: string, said: RuleScan | undefined, bootId = "boot"): NodeObservation => {
  return { name, uid: name, bootId: "boot", report: { nodeUID: name, bootID: bootId, scan: said } } as unknown as NodeObservation;
};

describe("findings of a cluster", () => {
  it("are each there once, with their nodes and who wrote there, those on most nodes first", () => {
    const nodes = [
      node("n1", scan("Dirty", rule("once"), rule("twice", "a (process 1)"))),
      node("n2", scan("Dirty", rule("twice", "b (process 2)"))),
      node("n3", scan("Dirty", rule("of another boot")), "old"),
      node("n4", undefined),
    ];
    assert.deepEqual(
      ruleFindings(nodes).map((finding) => [finding.rule, finding.nodeCount, finding.nodes]),
      [
        [
          "twice",
          2,
          [
            { name: "n1", changedBy: "a (process 1)" },
            { name: "n2", changedBy: "b (process 2)" },
          ],
        ],
        ["once", 1, [{ name: "n1", changedBy: undefined }]],
      ],
    );
  });

  it("name what could not be read", () => {
    const unread = { ...scan("Unknown"), unread: [{ source: "nft-json", at: "the tool", why: "nft is not there" }] };
    assert.deepEqual(
      ruleFindings([node("n1", unread)]).map(({ class: is, backend, rule: text }) => [is, backend, text]),
      [["Unread", "nft-json", "the tool: nft is not there"]],
    );
  });

  it("are bounded, and so are the nodes that they name", () => {
    const many = Array.from({ length: 300 }, (_, n) => node(`n${n}`, scan("Dirty", rule("everywhere"), rule(`own ${n}`))));
    const findings = ruleFindings(many);
    assert.equal(findings.length, FINDINGS_MAX);
    assert.deepEqual([findings[0]?.rule, findings[0]?.nodeCount, findings[0]?.nodes.length], ["everywhere", 300, 20]);
  });
});

describe("what the label says of a node", () => {
  const rows: [said: RuleScan | undefined, label: boolean | null][] = [
    [undefined, null],
    [scan("Unknown"), null],
    [scan("Clean"), false],
    [scan("Dirty"), true],
  ];
  for (const [said, label] of rows) it(`label of ${said?.state ?? "no scan"}`, () => assert.equal(userRulesOf(node("n", said)), label));
});
