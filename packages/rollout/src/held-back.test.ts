import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { NOT_READY_TAINT } from "@hostrouting/domain";
import { Simulation } from "./simulate.ts";
import type { SimulatedNode } from "./simulated-node.ts";

const isHeld = (simulation: Simulation, name: string): boolean => simulation.nodes.get(name)?.taints.includes(NOT_READY_TAINT) ?? false;

const isGivenUp = (simulation: Simulation, name: string): boolean =>
  simulation.records.find(({ node }) => node === name)?.phase === "Failed";

function boot(node: SimulatedNode, bootId: string): void {
  Object.assign(node, { bootId, effectiveMode: "Legacy", confirmed: false });
}

/** Three boots, each of which ends an attempt: the last one after the node was let go. */
const USES_UP_ITS_ATTEMPTS = ["nothing", "nothing", "reboot", "nothing", "reboot", "nothing", "nothing", "nothing", "nothing", "reboot"];

/** Host routing is on for n1. */
function enabled(policy: ConstructorParameters<typeof Simulation>[0] = {}): Simulation {
  const simulation = new Simulation({ nodeSoakMs: 0, ...policy });
  simulation.addNode("n1");
  simulation.request("BpfVeth");
  for (let rounds = 0; rounds < 40 && simulation.operation !== undefined; rounds += 1) simulation.step();
  assert.equal(simulation.last?.status.state, "Enabled");
  return simulation;
}

describe("a node that joins while host routing is on", () => {
  test("is let go for the boot in which its agent has confirmed, and for no other", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("nothing", "nothing", "nothing", "reboot", "silent", "heals"), { maxLength: 40 }), (events) => {
        const simulation = enabled();
        const node = simulation.addNode("n2");
        for (const [index, event] of events.entries()) {
          if (event === "reboot") boot(node, `boot-${index}`);
          if (event === "silent" || event === "heals") node.silent = event === "silent";
          const wasHeld = isHeld(simulation, "n2");
          const before = { boot: node.bootId, isOn: node.effectiveMode === "BpfVeth" && node.confirmed };
          simulation.step();
          if (wasHeld && !isHeld(simulation, "n2") && !isGivenUp(simulation, "n2"))
            assert.deepEqual(before, { boot: node.bootId, isOn: true });
        }
        node.silent = false;
        for (let rounds = 0; rounds < 40; rounds += 1) simulation.step();
        assert.equal(isHeld(simulation, "n2"), false, JSON.stringify(simulation.last?.status.waits));
      }),
      { numRuns: 200, examples: [[USES_UP_ITS_ATTEMPTS]] },
    );
  });

  test("is let go when its attempts are used up, and nobody says that it is on", () => {
    const simulation = enabled();
    const node = simulation.addNode("n2");
    for (const [index, event] of USES_UP_ITS_ATTEMPTS.entries()) {
      if (event === "reboot") boot(node, `boot-${index}`);
      simulation.step();
    }
    assert.equal(isHeld(simulation, "n2"), true);
    simulation.step();
    assert.equal(isHeld(simulation, "n2"), false);
    assert.equal(simulation.last?.status.state, "PartiallyEnabled");
    assert.match(simulation.last.status.waits[0]?.message ?? "", /not tried again by themselves: n2 \(NodeRebooted\)/);
  });

  test("is held again in the very round in which its boot is seen", () => {
    const simulation = enabled();
    const node = simulation.nodes.get("n1");
    assert.ok(node);
    boot(node, "another");
    simulation.step();
    assert.equal(isHeld(simulation, "n1"), true);
  });
});
