import { AppError } from "@hostrouting/domain";
import type { Series } from "../guests/guest-kernel.ts";
import { joinNode, prepareNode } from "./bring-up-node.ts";
import { waitForNodes } from "./cluster-content.ts";
import { DRAIN_PATIENCE, drainNode } from "./drain-node.ts";
import { clearStrays, endNode, freeSlots } from "./end-node.ts";
import { NODES_MAX, planMachine, planNode, planPoolNode, type LabPlan, type LabPool, type NodePlan } from "./lab-plan.ts";
import { writeLabRecord, type LabNode, type LabRecord } from "./lab-record.ts";
import { suppliesOf, withRunningLab, type RunningLab } from "./running-lab.ts";

/** Which node to add: a virtual machine of a kernel, a node of namespaces in a pool, or one of the pool that the slot belongs to. */
export interface NewNode {
  readonly series?: Series | undefined;
  readonly pool?: LabPool;
  /** Breaks it off and removes what was begun. */
  readonly signal?: AbortSignal;
}

/**
 * Starts a node in the lowest free slot of a running lab and returns when it is Ready; on failure nothing of it is left.
 * Throws AppError `lab.full` when all 16 are taken.
 */
export function addNode(stateDir: string, wanted: NewNode): Promise<LabNode> {
  return withRunningLab(stateDir, async (running) => {
    const { lab, record, api } = running;
    await clearStrays(running);
    const node = nextNode(lab, record, wanted);
    const supplies = await suppliesOf(running, wanted.series === undefined ? [] : [wanted.series]);
    try {
      const { seen, processes } = await joinNode(supplies, api, await prepareNode(supplies, node));
      await waitForNodes(api, { nodes: [node], processes, signal: wanted.signal });
      await writeLabRecord(lab, { ...record, nodes: [...record.nodes, seen], processes: [...record.processes, ...processes] });
      return seen;
    } catch (error) {
      await endNode(lab, node, api).catch(() => undefined); // the first error is the one to show
      throw error;
    }
  });
}

/** The place of the next node. Throws AppError `lab.full`. */
function nextNode(lab: LabPlan, record: LabRecord, { series, pool }: NewNode): NodePlan {
  const [slot] = freeSlots(record);
  if (slot === undefined) throw new AppError("lab.full", { say: `The lab has its ${NODES_MAX} nodes`, do: "Remove one first" });
  if (series !== undefined) return planMachine(lab, slot, series);
  if (pool === undefined) return planNode(lab, slot);
  const taken = new Set(record.nodes.map(({ name }) => name));
  const plans = Array.from({ length: NODES_MAX }, (_, index) => planPoolNode(lab, { pool, index, slot }));
  const free = plans.find(({ name }) => !taken.has(name));
  if (free === undefined) throw new Error("sixteen names are taken by fewer than sixteen nodes");
  return free;
}

/**
 * Ends a node as if its machine had been deleted: all its processes at once, its link and namespace, then the Node object.
 * Throws AppError `lab.no-such-node`.
 */
export function removeNode(stateDir: string, name: string): Promise<void> {
  return withRunningLab(stateDir, (running) => remove(running, nodeOf(running, name)));
}

/**
 * Takes a node out as a pool that is made smaller does: cordoned, drained, and then deleted. Safe to repeat.
 * Throws AppError `lab.no-such-node`, `lab.not-drained`: the node stays, cordoned.
 */
export function retireNode(stateDir: string, name: string, signal?: AbortSignal): Promise<void> {
  return withRunningLab(stateDir, async (running) => {
    const node = nodeOf(running, name);
    await drainNode(running.api, name, { ...DRAIN_PATIENCE, signal });
    await remove(running, node);
  });
}

function nodeOf({ record }: RunningLab, name: string): LabNode {
  const node = record.nodes.find((one) => one.name === name);
  if (node) return node;
  throw new AppError("lab.no-such-node", {
    say: `The lab has no node ${name}`,
    do: `Choose one of ${record.nodes.map((one) => one.name).join(", ")}`,
  });
}

/** The record goes first: what is not in it is a stray, which the next change ends. */
async function remove({ lab, record, api }: RunningLab, node: LabNode): Promise<void> {
  const left = {
    nodes: record.nodes.filter((one) => one !== node),
    processes: record.processes.filter((one) => !one.name.startsWith(`${node.name}/`)),
  };
  await writeLabRecord(lab, { ...record, ...left });
  await endNode(lab, node, api);
}
