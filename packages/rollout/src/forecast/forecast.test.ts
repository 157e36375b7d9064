import assert from "node:assert/strict";
import { test } from "node:test";
import { as, productionPolicy, type Instant, type RolloutPolicy } from "@hostrouting/domain";
import { Simulation } from "../simulate.ts";
import type { SimulatedNode } from "../simulated-node.ts";
import { rolloutForecast, type RolloutForecast } from "./forecast.ts";
import { atOnceMax, wavesOf, type NodeFlight } from "./node-flight.ts";
import { simulateChange, type ForecastQuestion } from "./simulate-change.ts";

const NOW = as<Instant>(Date.UTC(2026, 0, 5));
const MINUTE_MS = 60_000;
/** Batches of one, without canaries and comparisons. */
const PLAIN: Partial<RolloutPolicy> = { canaryPerStratum: 0, batchPlan: [], analysisMode: "Off", maxUnavailable: 1 };

type Given = Partial<Omit<ForecastQuestion, "policy">> & {
  readonly policy?: Partial<RolloutPolicy>;
  readonly nodes?: Readonly<Record<string, Partial<SimulatedNode>>>;
  /** Nodes on which host routing is on already. */
  readonly on?: readonly string[];
};

/** What a cluster of such nodes looks like. */
function observe({ nodes = { n1: {}, n2: {}, n3: {} }, on = [] }: Given): ForecastQuestion["observed"] {
  const simulation = new Simulation({ maxUnavailable: 500 });
  for (const name of on) simulation.addNode(name);
  if (on.length > 0) simulation.request("BpfVeth");
  while (simulation.operation !== undefined) simulation.step();
  for (const [name, changes] of Object.entries(nodes)) Object.assign(simulation.nodes.get(name) ?? simulation.addNode(name), changes);
  const { reach } = simulation.snapshot();
  assert.ok(reach.kind === "Reachable");
  return reach.observed;
}

function foresee({ policy = {}, ...given }: Given = {}): RolloutForecast {
  const { nodes: _nodes, on: _on, ...question } = given;
  const asked: ForecastQuestion = {
    mode: "BpfVeth",
    driver: "bundle",
    observed: observe(given),
    bundle: { image: "bundle", digest: "digest" },
    network: { podCidrs: [], serviceCidrs: [] },
    standing: { warnings: [], warningIds: [], refusals: [] },
    disruption: { policy: "Allow", configurations: {} },
    managedPolicy: undefined,
    generation: 1,
    leaving: [],
    budgets: new Map(),
    now: NOW,
    ...question,
    policy: { ...productionPolicy, ...PLAIN, ...policy },
  };
  const steps = simulateChange(asked);
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return rolloutForecast(asked, step.value);
}

const batches = ({ batches: all }: RolloutForecast): readonly (readonly [string, readonly string[], number])[] =>
  all.map(({ name, nodes, atOnce }) => [name, nodes, atOnce] as const);

test("canaries of each kind, then the batches of the plan, as many at once as the budget lets", () => {
  const nodes = Object.fromEntries(["a1", "a2", "a3", "a4", "b1"].map((name) => [name, { pool: name.slice(0, 1) }]));
  const forecast = foresee({ nodes, policy: { canaryPerStratum: 1, batchPlan: [1], maxUnavailable: 2 } });
  assert.equal(forecast.outcome, "Succeeded");
  assert.deepEqual(batches(forecast), [
    ["canaries", ["a1", "b1"], 2],
    ["batch 1", ["a2"], 1],
    ["batch 2", ["a3", "a4"], 2],
  ]);
});

test("zones and system pools hold back what the budget alone would let", () => {
  const zones = { n1: { zone: "1" }, n2: { zone: "2" }, n3: { zone: "1" } };
  assert.deepEqual(batches(foresee({ nodes: zones, policy: { maxUnavailable: 3 } })), [["batch 1", ["n1", "n3", "n2"], 2]]);
  const system = { n1: { isSystem: true }, n2: { isSystem: true } };
  assert.deepEqual(batches(foresee({ nodes: system, policy: { maxUnavailable: 3 } })), [["batch 1", ["n1", "n2"], 1]]);
});

test("soaks are in best and worst; the worst has every node's limits, one after another", () => {
  const { duration } = foresee({ policy: { finalSoakMs: 30 * MINUTE_MS } });
  const { bestMs = 0, worstMs = 0 } = duration;
  assert.ok(bestMs >= 31 * MINUTE_MS && bestMs < 35 * MINUTE_MS, String(bestMs));
  const nodeMs = 10 * MINUTE_MS + 3 * 90_000;
  assert.equal(worstMs, 10 * MINUTE_MS + 3 * nodeMs + MINUTE_MS + 30 * MINUTE_MS);
  assert.deepEqual([duration.mayTimeOut, foresee({ policy: { operationTimeoutMs: MINUTE_MS * 60 } }).duration.mayTimeOut], [false, true]);
});

test("nodes that are on already are not switched again; with all of them on there is nothing to do", () => {
  assert.deepEqual(batches(foresee({ on: ["n1", "n3"] })), [["batch 1", ["n2"], 1]]);
  const nothing = foresee({ on: ["n1", "n2", "n3"] });
  assert.deepEqual([nothing.outcome, nothing.batches, nothing.usage.nodes], ["NothingToDo", [], 3]);
});

test("switching off: only what is on, in no batches, without a worst", () => {
  const forecast = foresee({ mode: "None", on: ["n1", "n3"] });
  assert.deepEqual(batches(forecast), [["all nodes", ["n1", "n3"], 1]]);
  assert.deepEqual([forecast.outcome, forecast.duration.worstMs, forecast.usage.nodeHoursPerDay], ["Succeeded", undefined, 0]);
});

test("nodes that cannot be switched are left out, each with its reason", () => {
  const forecast = foresee({
    nodes: { n1: {}, n2: { ineligible: "It runs Windows." }, n3: { ready: false } },
    policy: { maxBlockedNodes: 1 },
  });
  assert.equal(forecast.outcome, "Succeeded");
  assert.deepEqual(forecast.leftOut, [
    { node: "n2", reason: "It runs Windows." },
    { node: "n3", reason: "The node is not Ready." },
  ]);
});

test("a budget that lets nobody leave keeps its node, and the operation pauses where the policy has it so", () => {
  const leaving = [
    { name: "shop/cart-1", node: "n1", budget: "shop/cart" },
    { name: "shop/web-1", node: "n2", budget: "shop/web" },
    { name: "shop/web-2", node: "n2", budget: "shop/web" },
  ];
  const budgets = new Map([
    ["shop/cart", 0],
    ["shop/web", 1],
  ]);
  const forecast = foresee({ leaving, budgets, policy: { nodeAction: "DrainAndSwitch", maxBlockedNodes: 0 } });
  assert.equal(forecast.outcome, "Paused");
  assert.deepEqual(
    forecast.holds.filter(({ reason }) => reason === "PodDisruptionBudget").map(({ subject, message }) => [subject, message]),
    [["n1", "shop/cart keeps shop/cart-1."]],
  );
  assert.match(forecast.because ?? "", /1 of 3 nodes are blocked/);
});

test("a window that is open later is waited for: that is in the end, not in the duration", () => {
  const configurations = { default: { timeInWeek: [{ day: "Tuesday", hourSlots: [3, 4] }], notAllowedTime: [] } } as const;
  const forecast = foresee({ disruption: { policy: "Allow", configurations: configurations as never } });
  assert.equal(forecast.outcome, "Succeeded");
  assert.deepEqual(forecast.windows.next[0], { start: "2026-01-06T03:00:00.000Z", end: "2026-01-06T05:00:00.000Z" });
  assert.ok(forecast.windows.fits);
  assert.match(forecast.duration.endsAtEarliest ?? "", /^2026-01-06T03:3/);
  assert.ok((forecast.duration.bestMs ?? Infinity) < 40 * MINUTE_MS);
  assert.deepEqual(
    forecast.holds.map(({ reason, until }) => [reason, until]),
    [["MaintenanceWindowClosed", "2026-01-06T03:00:00.000Z"]],
  );
});

test("gates, acknowledgements and refusals that hold it are named; people are taken to say yes", () => {
  const gates: RolloutPolicy["gates"] = [
    { id: "board", kind: "Approval", at: "BeforeCluster", twoPersons: true },
    { id: "later", kind: "ScheduledStart", at: "BeforeCluster", startsAt: "2026-01-05T06:00:00Z" },
  ];
  const forecast = foresee({ policy: { gates, disruptionAcknowledgement: "Required" } });
  assert.equal(forecast.outcome, "Succeeded");
  assert.deepEqual(
    forecast.holds.map(({ reason, subject }) => [reason, subject]),
    [
      ["ApprovalPending", "board"],
      ["ScheduledStart", "later"],
      ["DisruptionNotAcknowledged", "cluster"],
    ],
  );
  assert.ok((forecast.duration.bestMs ?? Infinity) < 40 * MINUTE_MS);
  assert.match(forecast.duration.endsAtEarliest ?? "", /^2026-01-05T06:3/);
});

test("what never moves is held at once, with the reason", () => {
  const forecast = foresee({ disruption: { policy: "Block", configurations: {} } });
  assert.deepEqual([forecast.outcome, forecast.duration.bestMs], ["Held", undefined]);
  assert.match(forecast.because ?? "", /blocks disruptions/);
});

test("connections are summed where agents count; unknown stays unknown", () => {
  const on = ["n1", "n2", "n3"];
  const counted = foresee({ mode: "None", on, nodes: { n1: { connections: 4 }, n2: { connections: "Unknown" }, n3: { connections: 0 } } });
  assert.deepEqual(counted.disruption, { nodes: 3, unknownNodes: 1, expectedAtMost: 4 });
  assert.deepEqual(foresee().disruption, { nodes: 3, unknownNodes: 3 });
});

test("a cluster with a Cilium of its own is foreseen by its own driver, node by node, without a bundle", () => {
  const forecast = foresee({ driver: "cilium" });
  assert.equal(forecast.outcome, "Succeeded");
  assert.deepEqual(batches(forecast), [["batch 1", ["n1", "n2", "n3"], 1]]);
});

test("the same question is answered twice alike", () => {
  assert.deepEqual(
    foresee({ policy: { canaryPerStratum: 1, analysisMode: "Enforce" } }),
    foresee({ policy: { canaryPerStratum: 1, analysisMode: "Enforce" } }),
  );
});

const flight = (node: string, startedAt: number, endedAt?: number): NodeFlight => ({
  node,
  stage: 0,
  startedAt: as<Instant>(startedAt),
  endedAt: endedAt === undefined ? undefined : as<Instant>(endedAt),
});

test("waves and what is at once, by when nodes were in flight", () => {
  const flights = [flight("a", 0, 10), flight("b", 0, 20), flight("c", 10, 30), flight("d", 30), flight("e", 20, 25)];
  assert.deepEqual([atOnceMax(flights), wavesOf(flights), atOnceMax([]), wavesOf([])], [2, 3, 0, 0]);
});
