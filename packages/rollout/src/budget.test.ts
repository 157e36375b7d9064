import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { operationMoves } from "@hostrouting/domain";
import { isInFlight } from "./budget.ts";
import { Simulation } from "./simulate.ts";

const NAMES = ["n1", "n2", "n3", "n4", "n5"] as const;
const name = fc.constantFrom(...NAMES);

/** Anything that may happen between two rounds. */
const event = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ kind: "nothing" } as const) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("remove", "add", "reboot", "unready", "ready", "miss", "cordon"), name }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom("enable", "disable", "cancel", "pause", "resume", "emergency", "calm", "away", "back") }),
  },
);
type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;

function happen(simulation: Simulation, what: Event, serial: number): void {
  const node = "name" in what ? simulation.nodes.get(what.name) : undefined;
  switch (what.kind) {
    case "remove":
      simulation.nodes.delete("name" in what ? what.name : "");
      return;
    case "add":
      if (node === undefined && "name" in what) simulation.addNode(what.name, `uid-${what.name}-${serial}`);
      return;
    case "enable":
    case "disable":
      return simulation.request(what.kind === "enable" ? "BpfVeth" : "None");
    case "cancel":
    case "pause":
    case "resume":
      return simulation[what.kind]();
    case "emergency":
    case "calm":
      simulation.emergencyOff = what.kind === "emergency";
      return;
    case "away":
    case "back":
      simulation.reachable = what.kind === "back";
      return;
  }
  if (node === undefined) return;
  if (what.kind === "reboot") Object.assign(node, { bootId: `boot-${serial}`, effectiveMode: "Legacy", confirmed: false });
  if (what.kind === "unready" || what.kind === "ready") node.ready = what.kind === "ready";
  if (what.kind === "miss") node.missConfirm = true;
  if (what.kind === "cordon") node.unschedulable = true;
}

const scenario = fc.record({
  maxUnavailable: fc.integer({ min: 1, max: 3 }),
  nodeAction: fc.constantFrom("SwitchInPlace" as const, "DrainAndSwitch" as const),
  events: fc.array(event, { minLength: 30, maxLength: 80 }),
});

describe("the disruption budget", () => {
  test("is never exceeded, in any order of events", () => {
    fc.assert(
      fc.property(scenario, ({ maxUnavailable, nodeAction, events }) => {
        const simulation = new Simulation({ maxUnavailable, nodeAction, nodeSoakMs: 0 });
        for (const each of NAMES) simulation.addNode(each);
        simulation.request("BpfVeth");
        for (const [index, each] of events.entries()) {
          happen(simulation, each, index);
          const before = simulation.operation;
          const after = simulation.step().operation;
          if (before !== undefined && after !== undefined && before.phase !== after.phase)
            assert.ok(operationMoves[before.phase].includes(after.phase), `${before.phase} → ${after.phase}`);
          const present = new Set([...simulation.nodes.values()].map((node) => node.uid));
          const inFlight = simulation.records.filter((record) => isInFlight(record.phase) && present.has(record.uid));
          assert.ok(inFlight.length <= maxUnavailable, `${inFlight.length} nodes in flight, at most ${maxUnavailable} allowed`);
        }
      }),
      { numRuns: 200 },
    );
  });

  test("lets everything settle once nothing happens any more, and leaves no cordon of ours", () => {
    fc.assert(
      fc.property(scenario, ({ maxUnavailable, nodeAction, events }) => {
        const simulation = new Simulation({ maxUnavailable, nodeAction, nodeSoakMs: 0 });
        for (const each of NAMES) simulation.addNode(each);
        for (const [index, each] of events.entries()) {
          happen(simulation, each, index);
          simulation.step();
        }
        simulation.reachable = true;
        simulation.emergencyOff = false;
        for (const node of simulation.nodes.values()) node.ready = true;
        simulation.request("None");
        for (let rounds = 0; rounds < 80 && simulation.operation !== undefined; rounds += 1) simulation.step();
        assert.equal(simulation.last?.status.state, "Disabled", JSON.stringify(simulation.last?.status.waits));
        for (const node of simulation.nodes.values())
          assert.deepEqual([node.effectiveMode, node.labelled, node.cordonedBy, node.owner], ["Legacy", false, undefined, undefined]);
      }),
      { numRuns: 200 },
    );
  });
});
