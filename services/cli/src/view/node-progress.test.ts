import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeProgress, progressBar } from "./node-progress.ts";

test("a bar is full at 100 only", () => {
  assert.equal(progressBar(0, 4), "░░░░");
  assert.equal(progressBar(50, 4), "██░░");
  assert.equal(progressBar(99.9, 4), "███░");
  assert.equal(progressBar(100, 4), "████");
});

test("progress is towards what is wanted: an enabled node is done when enabling and at the start when disabling", () => {
  assert.equal(nodeProgress("BpfVeth", "Enabled"), 100);
  assert.equal(nodeProgress("None", "Enabled"), 0);
  assert.equal(nodeProgress("None", "Disabled"), 100);
  assert.equal(nodeProgress("BpfVeth", "SomethingNewer"), 0);
});

test("no phase of a way is behind the one before", () => {
  const way = ["Pending", "Cordoning", "Draining", "Installing", "Switching", "Verifying", "Confirming", "Soaking", "Enabled"];
  const percents = way.map((phase) => nodeProgress("BpfVeth", phase));
  assert.deepEqual(
    percents,
    percents.toSorted((a, b) => a - b),
  );
});
