import assert from "node:assert/strict";
import { test } from "node:test";
import { allowedVerbs, isTerminal, operationMoves, operationVerbs, type OperationPhase } from "./operation.ts";

const phases = Object.keys(operationMoves) as OperationPhase[];
const error = { code: "NodeSwitchFailed", message: "" };
const running = { error: undefined, cancelRequested: false };
const mode = "BpfVeth";

test("what has ended stays as it is, and nothing can be asked of it", () => {
  for (const phase of phases.filter(isTerminal)) assert.deepEqual([operationMoves[phase], operationVerbs[phase]], [[], []], phase);
});

test("whatever is under way can be canceled, also while it is held or winds down", () => {
  for (const phase of phases.filter((each) => !isTerminal(each))) {
    assert.ok(operationMoves[phase].includes("Canceled"), phase);
    for (const operation of [running, { error, cancelRequested: false }, { error: undefined, cancelRequested: true }])
      assert.ok(allowedVerbs({ phase, mode, ...operation }).includes("cancel"), phase);
  }
});

test("a verb is allowed exactly where it can be obeyed", () => {
  for (const phase of phases) {
    const isHeld = phase === "Pausing" || phase === "Paused";
    assert.equal(operationVerbs[phase].includes("pause"), isHeld || operationMoves[phase].includes("Pausing"), phase);
    assert.equal(operationVerbs[phase].includes("resume"), isHeld, phase);
  }
});

test("nodes are skipped as long as the operation is before them, and tried again once they can have failed; not on the way back", () => {
  const afterNodes = (phase: OperationPhase): boolean => ["Rolling", "Finishing", "Pausing", "Paused"].includes(phase);
  for (const phase of phases) {
    assert.equal(operationVerbs[phase].includes("skip"), !isTerminal(phase) && phase !== "Canceling" && phase !== "RollingBack", phase);
    assert.equal(operationVerbs[phase].includes("retry"), afterNodes(phase), phase);
    const back = allowedVerbs({ phase, mode: "None", ...running });
    for (const verb of ["retry", "skip", "approve", "reject"] as const) assert.ok(!back.includes(verb), phase);
    const holdsGates = ["Validating", "Rolling", "Finishing"].includes(phase);
    for (const verb of ["approve", "reject"] as const) assert.equal(operationVerbs[phase].includes(verb), holdsGates, phase);
  }
});

test("what was switched on is rolled back from a pause, and as long as the end of it soaks", () => {
  for (const phase of phases) {
    assert.equal(allowedVerbs({ phase, mode, ...running }).includes("rollback"), phase === "Paused" || phase === "Finishing", phase);
    assert.ok(!allowedVerbs({ phase, mode: "None", ...running }).includes("rollback"), phase);
  }
});

test("what winds down can be neither paused nor resumed", () => {
  for (const phase of phases)
    for (const operation of [
      { error, cancelRequested: false },
      { error: undefined, cancelRequested: true },
    ])
      assert.deepEqual(
        allowedVerbs({ phase, mode, ...operation }).filter((verb) => verb !== "cancel"),
        [],
        phase,
      );
});

test("a pause is left to where it came from, and never to an end of its own", () => {
  const from = phases.filter((phase) => operationMoves[phase].includes("Pausing"));
  for (const phase of from) for (const held of ["Pausing", "Paused"] as const) assert.ok(operationMoves[held].includes(phase), phase);
  for (const held of ["Pausing", "Paused"] as const)
    for (const end of ["Succeeded", "Failed"] as const) assert.ok(!operationMoves[held].includes(end), `${held} → ${end}`);
});
