import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { effectiveMode } from "../../services/node-agent/src/host-routing/effective-mode.ts";
import type { Observation } from "../../services/node-agent/src/host-routing/node-datapath.ts";
import { masqueradeWish } from "./masquerade-wish.ts";
import { FlowMatrix, KINDS } from "./matrix.ts";
import { isBroken } from "./traffic.ts";
import { on, type AgentChanges, type TestAgent, type TwoNodes } from "./two-nodes.ts";

/** Handshakes in flight end meanwhile. */
const DRAIN_MS = 2000;
/** A node that is switched long before the other: flows begin and run in between. */
const GAP_MS = 1000;

/** Which nodes are switched, in which order, with what kind of agent. */
export type SwitchVariant = {
  readonly name: string;
  readonly first: readonly (1 | 2)[];
  readonly later: readonly (1 | 2)[];
  readonly agent?: AgentChanges;
};

/** Every order in which two nodes can be switched, and every way in which the gate can decide. */
export const SWITCH_VARIANTS: readonly SwitchVariant[] = [
  { name: "both nodes at once", first: [1, 2], later: [] },
  { name: "one node long before the other", first: [1], later: [2] },
  { name: "only the node of the clients", first: [1], later: [] },
  { name: "only the other node", first: [2], later: [] },
  { name: "both nodes, tracked flows taken over", first: [1, 2], later: [], agent: { adopt: true } },
  { name: "both nodes, by handshakes alone", first: [1, 2], later: [], agent: { gate: "HandshakeOnly" } },
];

/** Agents of both nodes, and orders that never repeat a generation. */
export class SwitchedNodes {
  readonly #agents: Record<1 | 2, TestAgent>;
  #generation = 0;

  constructor(nodes: TwoNodes, changes: AgentChanges = {}) {
    this.#agents = { 1: nodes.agent(1, { drainMs: DRAIN_MS, ...changes }), 2: nodes.agent(2, { drainMs: DRAIN_MS, ...changes }) };
  }

  /** Switches one node on, masquerading included, and has the kernel say that it is. */
  enable(node: 1 | 2): Observation {
    const seen = this.#agents[node].reconcile(on(++this.#generation, node, { masquerade: masqueradeWish() }));
    assert.partialDeepStrictEqual(effectiveMode(seen), { mode: "BpfVeth", reason: "Switched" });
    return seen;
  }

  look(node: 1 | 2): Observation {
    return this.#agents[node].reconcile({ kind: "leave" });
  }

  /** Drains these nodes, has `meanwhile` happen in the drain, and then takes the programs away. */
  async disable(nodes: readonly (1 | 2)[], meanwhile: () => Promise<void> = async () => {}): Promise<void> {
    for (const node of nodes) this.#agents[node].reconcile({ kind: "off", atOnce: false });
    await meanwhile();
    await pause(DRAIN_MS);
    for (const node of nodes) assert.equal(this.#agents[node].reconcile({ kind: "off", atOnce: false }).control, undefined);
  }

  /** Ends whatever goes on and lets go of the agents; nothing is left attached. */
  close(): void {
    for (const { datapath, reconcile } of Object.values(this.#agents)) {
      reconcile({ kind: "off", atOnce: true });
      datapath.close();
    }
  }
}

/** Plays one switch with flows that begin in every phase. @returns what was seen while the nodes were on. @throws when a flow broke. */
export async function playSwitch(
  nodes: TwoNodes,
  { first, later, agent }: Omit<SwitchVariant, "name">,
): Promise<ReadonlyMap<1 | 2, Observation>> {
  const switched = new SwitchedNodes(nodes, agent);
  const matrix = new FlowMatrix(nodes);
  const all = [...first, ...later];
  try {
    await matrix.begin("before");
    for (const node of first) switched.enable(node);
    if (later.length > 0) await matrix.begin("between").then(() => pause(GAP_MS));
    for (const node of later) switched.enable(node);
    await matrix.begin("on");
    const seen = new Map(all.map((node) => [node, switched.look(node)]));
    await switched.disable(all, () => matrix.begin("drain"));
    await matrix.begin("after");
    const results = await matrix.finish();
    assert.equal(results.length, (later.length > 0 ? 5 : 4) * KINDS);
    assert.deepEqual(results.filter(isBroken), []);
    return seen;
  } finally {
    switched.close();
  }
}
