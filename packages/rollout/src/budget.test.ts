import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { operationMoves } from "@hostrouting/domain";
import { isInFlight } from "./budget.ts";
import { Simulation } from "./simulate.ts";

const NAMES = ["n1", "n2", "n3", "n4", "n5"] as const;
const name = fc.constantFrom(...NAMES);
const PLACES: Readonly<Record<(typeof NAMES)[number], { readonly pool: string; readonly zone: string; readonly image: string }>> = {
  n1: { pool: "system", zone: "", image: "" },
  n2: { pool: "system", zone: "", image: "" },
  n3: { pool: "user", zone: "1", image: "" },
  n4: { pool: "user", zone: "2", image: "" },
  n5: { pool: "user", zone: "1", image: "newer" },
};

function addNode(simulation: Simulation, node: (typeof NAMES)[number], uid?: string): void {
  const place = PLACES[node];
  Object.assign(simulation.addNode(node, uid), { ...place, isSystem: place.pool === "system" });
}

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
      if (node === undefined && "name" in what) addNode(simulation, what.name, `uid-${what.name}-${serial}`);
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
  canaryPerStratum: fc.constantFrom(0, 1),
  batchPlan: fc.constantFrom([], [1]),
  events: fc.array(event, { minLength: 30, maxLength: 80 }),
});

describe("the disruption budget", () => {
  test("is never exceeded, in any order of events", () => {
    fc.assert(
      fc.property(scenario, ({ events, maxUnavailable, ...policy }) => {
        const simulation = new Simulation({ ...policy, maxUnavailable, nodeSoakMs: 0 });
        for (const each of NAMES) addNode(simulation, each);
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
          const places = inFlight.map(({ node }) => PLACES[node as (typeof NAMES)[number]]);
          assert.ok(places.filter(({ pool }) => pool === "system").length <= 1, "of a system pool one at once");
          const zones = new Set(places.filter(({ pool }) => pool === "user").map(({ zone }) => zone));
          assert.ok(zones.size <= 1, "of a pool one zone at once");
        }
      }),
      { numRuns: 200 },
    );
  });

  test("lets everything settle once nothing happens any more, and leaves no cordon of ours", () => {
    fc.assert(
      fc.property(scenario, ({ events, ...policy }) => {
        const simulation = new Simulation({ ...policy, nodeSoakMs: 0 });
        for (const each of NAMES) addNode(simulation, each);
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
