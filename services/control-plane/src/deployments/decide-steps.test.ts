import assert from "node:assert/strict";
import { test } from "node:test";
import { as, type DeploymentStep, type Instant } from "@hostrouting/domain";
import type { PlannedResource } from "@hostrouting/template";
import { decideSteps } from "./decide-steps.ts";

function planned(id: string, dependsOn: readonly string[] = [], more: Partial<PlannedResource> = {}): PlannedResource {
  const about = {
    type: "T/t",
    name: id,
    apiVersion: "v",
    condition: true,
    existing: false,
    body: {},
    deferred: false,
    securePaths: [],
    path: "",
  };
  return { id: `/r/${id}`, ...about, dependsOn: dependsOn.map((other) => `/R/${other}`), ...more };
}

function step(id: string, state: DeploymentStep["state"], more: Partial<DeploymentStep> = {}): DeploymentStep {
  const target = { id: `/r/${id}`, resourceType: "T/t", resourceName: id, apiVersion: "v" };
  const none = { statusCode: undefined, error: undefined, followUrl: undefined, endedAt: undefined, startedAt: as<Instant>(0) };
  return { key: `/r/${id}`.toLowerCase(), id, kind: "Create", target, state, ...none, ...more };
}

const FAULT = { code: "C", message: "m" };
const failed = (id: string): DeploymentStep => step(id, "Failed", { error: FAULT });
const running = (id: string): DeploymentStep => step(id, "Running", { followUrl: "/f" });

/** What is written (as it is), followed (~) and deleted (-), or the end. */
function said(plan: readonly PlannedResource[], steps: readonly DeploymentStep[]): string {
  const next = decideSteps(plan, steps);
  if (next.kind !== "Work") return next.kind;
  const names = [...next.write.map(({ name }) => name), ...next.follow.map(({ id }) => `~${id}`), ...next.remove.map(({ id }) => `-${id}`)];
  return names.join(" ");
}

const CHAIN = [planned("A"), planned("B", ["a"]), planned("C", ["b"])];
const cases: readonly (readonly [says: string, plan: readonly PlannedResource[], steps: readonly DeploymentStep[], expected: string])[] = [
  ["nothing to do", [], [], "Finish"],
  ["what depends on nothing comes first, all of it", [...CHAIN, planned("D")], [], "A D"],
  ["what is under way is followed, and nothing that waits for it begins", CHAIN, [running("A")], "~A"],
  ["the next one begins when the one before is done", CHAIN, [step("A", "Succeeded")], "B"],
  ["what was begun and not answered is written again", CHAIN, [step("A", "Running")], "A"],
  ["what is not deployed holds nobody up", [planned("A", [], { condition: false }), planned("B", ["a"])], [], "B"],
  ["what exists is never written", [planned("A", [], { existing: true }), planned("B", ["a"])], [], "B"],
  [
    "what others of the template do goes on after a failure",
    [...CHAIN, planned("D"), planned("E", ["d"])],
    [failed("A"), step("D", "Succeeded")],
    "E",
  ],
  ["a failure ends it once nothing is under way", CHAIN, [failed("A")], "Fail"],
  ["not before", [...CHAIN, planned("D")], [failed("A"), running("D")], "~D"],
  [
    "a deletion that was not answered is made again",
    CHAIN.slice(0, 1),
    [step("A", "Succeeded"), step("Z", "Running", { kind: "Delete" })],
    "-Z",
  ],
  [
    "one that was is followed",
    CHAIN.slice(0, 1),
    [step("A", "Succeeded"), step("Z", "Running", { kind: "Delete", followUrl: "/f" })],
    "~Z",
  ],
  ["all done", CHAIN, ["A", "B", "C"].map((id) => step(id, "Succeeded")), "Finish"],
];
for (const [says, plan, steps, expected] of cases) test(says, () => assert.equal(said(plan, steps), expected));

test("the error names every resource that failed", () => {
  const next = decideSteps([planned("A"), planned("B")], [failed("A"), failed("B")]);
  assert.ok(next.kind === "Fail");
  assert.equal(next.error.code, "DeploymentFailed");
  assert.deepEqual(next.error.details, [
    { ...FAULT, target: "/r/A" },
    { ...FAULT, target: "/r/B" },
  ]);
});
