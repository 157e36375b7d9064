import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { ApiClient } from "./api-client.ts";
import { childCgroups, endCgroup, readHierarchies } from "./cgroups.ts";
import { ipIn } from "./lab-network.ts";
import { NODES_MAX, nodeFolder, type LabPlan } from "./lab-plan.ts";
import type { LabRecord } from "./lab-record.ts";
import { removeNodeFiles } from "./node.ts";
import type { RunningLab } from "./running-lab.ts";
import { removeNetns } from "./stop-lab.ts";

/** Names of all nodes begin so, and of nothing else of a lab. */
const NODE_PREFIX = "aks-";

/** Ends a node as if its machine had been deleted: all its processes at once, its namespace and link, its files, then the Node object. Safe to repeat. */
export async function endNode(lab: LabPlan, node: { readonly name: string; readonly slot: number }, api: ApiClient): Promise<void> {
  await endMachinery(lab, node.name);
  await removeLink(lab, node.slot);
  await deleteNodeObject(api, node.name);
}

/**
 * Ends whatever of nodes is there and is not in the lab's record: what a change of nodes left that was killed half-way. Safe to repeat.
 * @returns the names of what was ended
 */
export async function clearStrays({ lab, record, api }: RunningLab): Promise<string[]> {
  const known = new Set(record.nodes.map(({ name }) => name));
  const strays = (await everySeenNode(lab, api, record.nodeResourceGroup)).filter((name) => !known.has(name));
  for (const name of strays) {
    await endMachinery(lab, name);
    await deleteNodeObject(api, name);
  }
  for (const slot of strays.length === 0 ? [] : freeSlots(record)) await removeLink(lab, slot);
  return strays;
}

/** The slots that no node of the record has. */
export function freeSlots(record: Pick<LabRecord, "nodes">): number[] {
  const taken = new Set(record.nodes.map(({ slot }) => slot));
  return Array.from({ length: NODES_MAX }, (_, slot) => slot).filter((slot) => !taken.has(slot));
}

/** Every node of which the machine or the cluster knows anything; of Node objects only those that the lab made. */
async function everySeenNode(lab: LabPlan, api: ApiClient, nodeResourceGroup: string): Promise<string[]> {
  const ours = encodeURIComponent(`kubernetes.azure.com/cluster=${nodeResourceGroup}`);
  const netnsPrefix = `acns-${lab.id}-${NODE_PREFIX}`;
  const [cgroups, spaces, folders, objects] = await Promise.all([
    readHierarchies().then((hierarchies) => childCgroups(hierarchies, lab.cgroup)),
    readdir("/run/netns").catch(() => []),
    readdir(join(lab.folder, "nodes")).catch(() => []),
    api.json<{ items: { metadata: { name: string } }[] }>({ method: "GET", path: `/api/v1/nodes?labelSelector=${ours}` }),
  ]);
  const names = [
    ...cgroups.filter((name) => name.startsWith(NODE_PREFIX)),
    ...spaces.filter((name) => name.startsWith(netnsPrefix)).map((name) => name.slice(netnsPrefix.length - NODE_PREFIX.length)),
    ...folders.map((name) => name.replace(/\.(ext4|cpio)$/, "")),
    ...objects.items.map(({ metadata }) => metadata.name),
  ];
  return [...new Set(names)].sort();
}

async function endMachinery(lab: LabPlan, name: string): Promise<void> {
  await endCgroup(await readHierarchies(), `${lab.cgroup}/${name}`);
  await removeNetns([`acns-${lab.id}-${name}`]);
  await removeNodeFiles(nodeFolder(lab, name));
}

/** The link of a node of namespaces has gone with its namespace, in the kernel's own time; a machine's is there until somebody removes it. */
async function removeLink(lab: LabPlan, slot: number): Promise<void> {
  await ipIn(lab.netns.fabric, [`link delete n${slot}`]).catch(() => undefined);
}

async function deleteNodeObject(api: ApiClient, name: string): Promise<void> {
  await api.call({ method: "DELETE", path: `/api/v1/nodes/${name}` }); // gone already is as good
}
