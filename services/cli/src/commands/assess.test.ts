import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError, type AssessmentReport, type Forecast } from "@hostrouting/domain";
import { assessCommand, type AssessOptions } from "./assess.ts";

const OPTIONS: AssessOptions & { verb: "validate" | "whatIf" } = {
  verb: "validate",
  mode: "BpfVeth",
  json: false,
  markdown: false,
  output: "table",
};
const rule = { subjects: [], evidence: "", remedy: "", docs: "docs/preflight.md", needsAgent: false } as const;
const fine: AssessmentReport = {
  kind: "Validate",
  mode: "BpfVeth",
  driver: "bundle",
  observedAt: "2026-04-01T00:00:00.000Z",
  nodeCount: 2,
  reportingNodes: 1,
  verdict: "Passed",
  rulesets: [{ ruleset: "ga-2026", isSelected: true, verdict: "Passed", blocking: [] }],
  rules: [
    { ...rule, id: "PF-002", title: "Cluster is settled", severity: "Block", outcome: "Passed", message: "" },
    { ...rule, id: "PF-030", title: "No rules", severity: "Block", outcome: "Skipped", message: "No agent.", needsAgent: true },
  ],
};
const blocked: AssessmentReport = {
  ...fine,
  verdict: "Blocked",
  rules: [
    ...fine.rules,
    {
      ...rule,
      id: "PF-012",
      title: "No Windows nodes",
      severity: "Block",
      outcome: "Failed",
      message: "There are.",
      subjects: ["pool \u001b[31mw"],
      evidence: "2 nodes",
      remedy: "Remove them.",
    },
  ],
};
const forecast: Forecast = {
  outcome: "Succeeded",
  batches: [{ name: "canaries", nodes: ["n1"], atOnce: 1, startsAfterMs: 0 }],
  leftOut: [{ node: "n2", reason: "The node is not Ready." }],
  duration: { bestMs: 61_000, mayTimeOut: false, assumptions: [] },
  windows: { mode: "Honor", next: [], longestNodeMs: 1, fits: true },
  holds: [{ reason: "ApprovalPending", subject: "board", message: "Waits.", remedy: "Approve it." }],
  disruption: { nodes: 1, unknownNodes: 1 },
  blockedBudgets: { names: ["shop/cart"] },
  capacity: { agentCpuMilli: 20, agentMemoryBytes: 1 },
  changes: [
    { action: "Create", apiVersion: "apps/v1", kind: "DaemonSet", names: ["a"] },
    { action: "Create", apiVersion: "h/v1", kind: "HostRoutingNode", names: ["n1", "n2", "n3"] },
    { action: "Delete", apiVersion: "c/v1", kind: "Lease", names: ["l"] },
  ],
  usage: { nodes: 1, nodeHoursPerDay: 24, costPerDay: { amount: 0.38, currency: "USD" } },
};

async function run(report: AssessmentReport, options: Partial<typeof OPTIONS> = {}) {
  const lines: string[] = [];
  const asked: unknown[] = [];
  const cluster = { assess: async (...given: unknown[]) => (asked.push(given), report) };
  const code = await assessCommand(cluster, { ...OPTIONS, ...options }, (line) => lines.push(line));
  return { code, lines, asked };
}

test("a cluster that nothing blocks: 0, in one line", async () => {
  const { code, lines, asked } = await run(fine, { policy: '{"maxUnavailable": 1}' });
  assert.deepEqual(asked, [["validate", { mode: "BpfVeth", rolloutPolicy: { maxUnavailable: 1 } }]]);
  assert.deepEqual(
    [code, lines],
    [0, ["Preflight: Passed. 1 rule passed; 1 can only be answered by agents, which report from 1 of 2 nodes."]],
  );
});

test("what agents have told already is not said to be missing; switching off asks no rule", async () => {
  const told = fine.rules.filter(({ needsAgent }) => !needsAgent);
  assert.deepEqual((await run({ ...fine, rules: told })).lines, ["Preflight: Passed. 1 rule passed."]);
  assert.deepEqual((await run({ ...fine, rules: told.map((of) => ({ ...of, outcome: "Skipped" })) })).lines, [
    "Preflight: Passed. No rule is asked.",
  ]);
});

test("one that is blocked: 2, with the rule and what to do; text of others is shown, not obeyed", async () => {
  const { code, lines } = await run(blocked);
  assert.equal(code, 2);
  assert.deepEqual(lines.slice(1), [
    "  PF-012 No Windows nodes: failed. There are. (pool \\u{1b}[31mw)",
    "    Seen: 2 nodes",
    "    Remove them.",
  ]);
});

test("what-if in short, and 2 when it would not come to its end", async () => {
  const { code, lines } = await run({ ...fine, kind: "WhatIf", forecast }, { verb: "whatIf" });
  assert.equal(code, 0);
  assert.deepEqual(lines.slice(1), [
    "Outcome: Succeeded",
    "  canaries: 1 node, 1 at once: n1",
    "  left out: n2 (The node is not Ready.)",
    "Duration: 2 min at best, not known at worst",
    "Held by ApprovalPending (board): Waits.",
    "Budgets that let nobody leave: shop/cart",
    "Connections that may break: not known, not counted on 1 node",
    "Objects that change:",
    "  Create: DaemonSet, 3 HostRoutingNode",
    "  Delete: Lease",
    "Node-hours per day: 24, 0.38 USD",
  ]);
  for (const outcome of ["Failed", "Paused", "Held", "Truncated"] as const)
    assert.equal((await run({ ...fine, kind: "WhatIf", forecast: { ...forecast, outcome } })).code, 2);
});

test("JSON and Markdown are the whole report", async () => {
  for (const options of [{ json: true }, { output: "json" as const }])
    assert.deepEqual(JSON.parse((await run(fine, options)).lines.join("\n")), fine);
  assert.match((await run(fine, { markdown: true })).lines.join("\n"), /^# Preflight: may host routing be switched on\?/);
});

test("what makes no sense is refused before anything is asked", async () => {
  for (const options of [{ policy: "{" }, { policy: "[]" }, { policy: "1" }, { json: true, markdown: true }])
    await assert.rejects(run(fine, options), (error: unknown) => error instanceof AppError && error.code.startsWith("cli."));
});
