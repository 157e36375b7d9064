import assert from "node:assert/strict";
import { test } from "node:test";
import { Simulation } from "./simulate.ts";

test("what is metered are the nodes that are enabled, in their boot and pool; nothing is said of a cluster that nobody can look at", () => {
  const simulation = new Simulation();
  simulation.addNode("n1");
  simulation.addNode("n2").ineligible = "Windows";
  const run = (): ReturnType<Simulation["step"]>["enabled"] => Array.from({ length: 40 }, () => simulation.step()).at(-1)?.enabled;
  assert.deepEqual(run(), []);
  simulation.request("BpfVeth");
  assert.deepEqual(run(), [{ uid: "uid-n1", bootId: "boot-uid-n1", pool: "user" }]);
  simulation.reachable = false;
  assert.equal(run(), undefined);
  simulation.reachable = true;
  simulation.request("None");
  assert.deepEqual(run(), []);
});
