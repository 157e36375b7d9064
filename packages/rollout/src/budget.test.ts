import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { operationMoves, type NodeRequest } from "@hostrouting/domain";
import { isInFlight } from "./budget.ts";
import { Simulation } from "./simulate.ts";
import type { SimulatedNode } from "./simulated-node.ts";

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
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom("remove", "add", "reboot", "unready", "ready", "miss", "cordon", "break", "heal", "skip", "retry"),
      name,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        "enable",
        "disable",
        "cancel",
        "pause",
        "resume",
        "rollback",
        "upgrade",
        "offer",
        "retryAll",
        "approve",
        "reject",
        "emergency",
        "calm",
        "block",
        "allow",
        "away",
        "back",
      ),
    }),
  },
);
type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;

function happen(simulation: Simulation, what: Event, serial: number): void {
  if (!("name" in what)) return happenToCluster(simulation, what.kind);
  const { kind, name: node } = what;
  if (kind === "remove") simulation.nodes.delete(node);
  else if (kind === "add") {
    if (!simulation.nodes.has(node)) addNode(simulation, node, `uid-${node}-${serial}`);
  } else if (kind === "skip" || kind === "retry") simulation.ask(askOf(kind, node));
  else happenToNode(simulation.nodes.get(node), kind, serial);
}

function happenToNode(node: SimulatedNode | undefined, kind: string, serial: number): void {
  if (node === undefined) return;
  if (kind === "reboot") Object.assign(node, { bootId: `boot-${serial}`, effectiveMode: "Legacy", confirmed: false });
  if (kind === "unready" || kind === "ready") node.ready = kind === "ready";
  if (kind === "break" || kind === "heal") node.broken = kind === "break";
  if (kind === "miss") node.missConfirm = true;
  if (kind === "cordon") node.unschedulable = true;
}

function happenToCluster(simulation: Simulation, kind: Exclude<Event, { name: unknown }>["kind"]): void {
  switch (kind) {
    case "nothing":
      return;
    case "enable":
    case "disable":
      return simulation.request(kind === "enable" ? "BpfVeth" : "None");
    case "cancel":
    case "pause":
    case "resume":
    case "rollback":
    case "upgrade":
      return simulation[kind]();
    case "offer":
      simulation.offered = { image: "bundle", digest: `digest-${simulation.nowMs}` };
      return;
    case "emergency":
    case "calm":
      simulation.emergencyOff = kind === "emergency";
      return;
    case "block":
    case "allow":
      simulation.disruption = { policy: kind === "block" ? "Block" : "Allow", configurations: {} };
      return;
    case "retryAll":
      return simulation.ask({ kind: "Retry", node: undefined });
    case "approve":
    case "reject": {
      const held = simulation.operation?.control.pending?.gate;
      return held === undefined ? undefined : simulation.answer(held, kind === "approve");
    }
    case "away":
    case "back":
      simulation.reachable = kind === "back";
      return;
  }
}

function askOf(verb: "skip" | "retry", node: string): NodeRequest {
  return verb === "retry" ? { kind: "Retry", node } : { kind: "Skip", node, reason: "said so", by: "somebody" };
}

const gate = { id: "board", kind: "Approval", twoPersons: false } as const;

const scenario = fc.record({
  onFailure: fc.constantFrom("Pause" as const, "Fail" as const, "Rollback" as const),
  onNodeFailure: fc.constantFrom("RevertNode" as const, "Hold" as const),
  attemptsMax: fc.constantFrom(1, 3),
  switchTimeoutMs: fc.constantFrom(3_000, 30_000),
  maxFailedNodes: fc.constantFrom(0, "50%" as const),
  gates: fc.constantFrom([], [{ ...gate, at: "BeforeBatch" } as const], [{ ...gate, at: "AfterCluster" } as const]),
  maxUnavailable: fc.integer({ min: 1, max: 3 }),
  nodeAction: fc.constantFrom("SwitchInPlace" as const, "DrainAndSwitch" as const),
  canaryPerStratum: fc.constantFrom(0, 1),
  batchPlan: fc.constantFrom([], [1]),
  events: fc.array(event, { minLength: 30, maxLength: 80 }),
});

type Drawn = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

const times = (count: number): Event[] => Array.from({ length: count }, () => ({ kind: "nothing" }) as const);

/** Host routing is on everywhere and a gate holds the end; nodes that an emergency has switched off are to come back while none may be disturbed. */
const CALM_UNDER_BLOCK: Drawn = {
  onFailure: "Pause",
  onNodeFailure: "RevertNode",
  attemptsMax: 1,
  switchTimeoutMs: 3_000,
  maxFailedNodes: 0,
  gates: [{ ...gate, at: "AfterCluster" }],
  maxUnavailable: 3,
  nodeAction: "SwitchInPlace",
  canaryPerStratum: 0,
  batchPlan: [],
  events: [...times(30), { kind: "block" }, { kind: "emergency" }, ...times(6), { kind: "calm" }, ...times(10)],
};

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
          if (before !== undefined && after !== undefined && before.id === after.id)
            assert.ok(after.percentComplete >= before.percentComplete, `${before.percentComplete} % → ${after.percentComplete} %`);
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

  test("starts no node while the cluster's owner lets none be disturbed, whatever happens; only an emergency goes on", () => {
    fc.assert(
      fc.property(scenario, ({ events, ...policy }) => {
        const simulation = new Simulation({ ...policy, nodeSoakMs: 0 });
        for (const each of NAMES) addNode(simulation, each);
        simulation.request("BpfVeth");
        for (const [index, each] of events.entries()) {
          happen(simulation, each, index);
          const { operation, emergencyOff, disruption } = simulation;
          const phases = new Map(simulation.records.map(({ uid, phase }) => [uid, phase]));
          simulation.step();
          if (operation === undefined || emergencyOff || disruption.policy === "Allow") continue;
          // What the policy takes back by itself waits for nobody, a node that was on with the earlier bundle among it.
          if (operation.phase === "RollingBack") continue;
          const isStart = operation.mode === "BpfVeth" ? ["Cordoning", "Installing", "Switching"] : ["Detaching"];
          const started = simulation.records.filter(({ uid, phase }) => {
            const before = phases.get(uid) ?? "Pending";
            const isAtRest = operation.mode === "BpfVeth" ? before === "Pending" || before === "Disabled" : !isInFlight(before);
            return isAtRest && isStart.includes(phase);
          });
          assert.deepEqual(started, [], `${operation.kind} ${operation.phase}`);
        }
      }),
      { numRuns: 200, examples: [[CALM_UNDER_BLOCK]] },
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
        simulation.disruption = { policy: "Allow", configurations: {} };
        for (const node of simulation.nodes.values()) node.ready = true;
        simulation.request("None");
        for (let rounds = 0; rounds < 80 && simulation.operation !== undefined; rounds += 1) simulation.step();
        assert.equal(simulation.last?.status.state, "Disabled", JSON.stringify(simulation.last?.status.waits));
        for (const node of simulation.nodes.values())
          assert.deepEqual(
            [node.effectiveMode, node.labelled, node.cordonedBy, node.owner, node.taints, node.scaleDownDisabled],
            ["Legacy", false, undefined, undefined, [], undefined],
          );
        assert.equal(simulation.birthTaint.kind, "Absent");
      }),
      { numRuns: 200 },
    );
  });
});
