import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { as, type Instant, type OperationId, type PreflightAnswers } from "@hostrouting/domain";
import { verdict, type Finding } from "./finding.ts";
import { keepAnswers } from "./keep-answers.ts";

const MINUTE_MS = 60_000;
const OPERATION = as<OperationId>("one");

const finding = (outcome: Finding["outcome"], changes: Partial<Finding> = {}): Finding => ({
  id: "PF-054",
  title: "Rights in the cluster",
  severity: "Block",
  outcome,
  message: outcome === "unknown" ? "timed out" : "",
  subjects: outcome === "failed" ? ["get nodes"] : [],
  evidence: "",
  remedy: "",
  observedAt: outcome === "unknown" ? "2026-04-01T00:01:00.000Z" : "2026-04-01T00:00:00.000Z",
  docs: "docs/preflight.md#pf-054",
  overridable: false,
  override: undefined,
  ...changes,
});

/** One look each: what the rule says, when, and of what it is asked (`two` nodes, or another operation). */
type Look = readonly [said: Finding["outcome"], atMs: number, changes?: { readonly scope?: string; readonly operation?: string }];

function play(looks: readonly Look[]): readonly Finding["outcome"][] {
  let kept: PreflightAnswers | undefined;
  return looks.map(([said, atMs, { scope = "one node", operation = OPERATION } = {}]) => {
    const context = { operationId: as<OperationId>(operation), scope, now: as<Instant>(atMs) };
    const settled = keepAnswers([finding(said)], kept, context);
    // As the store hands it back to the next worker.
    kept = JSON.parse(JSON.stringify(settled.answers)) as PreflightAnswers;
    return settled.findings[0]?.outcome ?? "skipped";
  });
}

const times = (count: number, said: Finding["outcome"], everyMs: number): Look[] =>
  Array.from({ length: count }, (_, n) => [said, (n + 1) * everyMs]);

const rows: readonly (readonly [what: string, looks: readonly Look[], says: string])[] = [
  [
    "an answer that is there at every look is said as it is",
    [
      ["passed", 0],
      ["failed", 1],
      ["passed", 2],
    ],
    "passed failed passed",
  ],
  [
    "what never was known stays unknown",
    [
      ["unknown", 0],
      ["unknown", 1],
    ],
    "unknown unknown",
  ],
  ["nine unknowns keep an answer", [["passed", 0], ...times(9, "unknown", 1_000)], `passed${" passed".repeat(9)}`],
  ["the tenth takes it", [["passed", 0], ...times(10, "unknown", 1_000)], `passed${" passed".repeat(9)} unknown`],
  ["and it does not come back", [["passed", 0], ...times(12, "unknown", 1_000)], `passed${" passed".repeat(9)} unknown unknown unknown`],
  ["a known answer between begins anew", [["passed", 0], ...times(9, "unknown", 1), ["passed", 20], ["unknown", 21]], "passed ".repeat(12)],
  [
    "five minutes less a millisecond keep it",
    [
      ["passed", 0],
      ["unknown", 5],
      ["unknown", 5 * MINUTE_MS + 4],
    ],
    "passed passed passed",
  ],
  [
    "five minutes take it",
    [
      ["passed", 0],
      ["unknown", 5],
      ["unknown", 5 * MINUTE_MS + 5],
    ],
    "passed passed unknown",
  ],
  [
    "a failure is kept as well",
    [
      ["failed", 0],
      ["unknown", 1],
    ],
    "failed failed",
  ],
  [
    "what is skipped is no answer",
    [
      ["skipped", 0],
      ["unknown", 1],
    ],
    "skipped unknown",
  ],
  [
    "a rule that is skipped now has no answer any more",
    [
      ["passed", 0],
      ["skipped", 1],
      ["unknown", 2],
    ],
    "passed skipped unknown",
  ],
  [
    "a node more, and nothing was known of it",
    [
      ["passed", 0],
      ["unknown", 1, { scope: "two nodes" }],
    ],
    "passed unknown",
  ],
  [
    "another operation asks anew",
    [
      ["passed", 0],
      ["unknown", 1, { operation: "two" }],
    ],
    "passed unknown",
  ],
];

describe("answers are kept", () => {
  for (const [what, looks, says] of rows) test(what, () => assert.equal(play(looks).join(" "), says.trim()));

  test("a failure that is kept says what it said", () => {
    const context = { operationId: OPERATION, scope: "", now: as<Instant>(0) };
    const { answers } = keepAnswers([finding("failed", { message: "Missing: get nodes." })], undefined, context);
    const [kept] = keepAnswers([finding("unknown")], answers, context).findings;
    assert.deepEqual(kept, finding("failed", { message: "Missing: get nodes." }));
  });

  test("an override is asked for anew, whatever was said under it", () => {
    const override = { reason: "so", expiresAt: "2026-04-01T00:00:00.000Z", expired: false };
    const context = { operationId: OPERATION, scope: "", now: as<Instant>(0) };
    const { answers } = keepAnswers([finding("overridden", { override })], undefined, context);
    assert.deepEqual(answers.answers, []);
  });

  test("a blocking rule that has not known for too long blocks", () => {
    let kept: PreflightAnswers | undefined;
    const verdicts = ["passed" as const, ...Array.from({ length: 10 }, () => "unknown" as const)].map((said, at) => {
      const settled = keepAnswers([finding(said)], kept, { operationId: OPERATION, scope: "", now: as<Instant>(at) });
      kept = settled.answers;
      return verdict(settled.findings).kind;
    });
    assert.deepEqual([verdicts[9], verdicts[10]], ["Passed", "Unknown"]);
  });
});
