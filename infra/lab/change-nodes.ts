import { readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "@hostrouting/domain";
import { withFileLock } from "../images/with-file-lock.ts";
import { connectApi, type ApiClient } from "./api-client.ts";
import type { Series } from "../guests/guest-kernel.ts";
import { prepareGuests } from "../guests/prepare-guests.ts";
import { cacheFolder } from "../images/cache-folder.ts";
import { joinNode, prepareNode, type NodeSupplies } from "./bring-up-node.ts";
import { endCgroup, readHierarchies } from "./cgroups.ts";
import { waitForNodes } from "./cluster-content.ts";
import { openClusterAuthority } from "./cluster-keys.ts";
import { NODES_MAX, planLab, planMachine, planNode, type LabPlan } from "./lab-plan.ts";
import { readLabRecord, writeLabRecord, type LabNode, type LabRecord } from "./lab-record.ts";
import { removeNodeFiles } from "./node.ts";
import { ipIn } from "./lab-network.ts";
import { removeNetns } from "./stop-lab.ts";

const LOCK_WAIT_MS = 60_000;

/**
 * Starts a node in the lowest free slot of a running lab and returns when it is Ready. With `series` it is a virtual machine of that kernel.
 * Throws AppError `lab.full` when all 16 are taken.
 */
export function addNode(stateDir: string, series?: Series): Promise<LabNode> {
  return withRunningLab(stateDir, async (lab, record) => {
    const taken = new Set(record.nodes.map(({ slot }) => slot));
    const slot = Array.from({ length: NODES_MAX }, (_, index) => index).find((index) => !taken.has(index));
    if (slot === undefined) throw new AppError("lab.full", { say: `The lab has its ${NODES_MAX} nodes`, do: "Remove one first" });
    const node = series === undefined ? planNode(lab, slot) : planMachine(lab, slot, series);
    const supplies = await suppliesOf(lab, record, series === undefined ? [] : [series]);
    const api = await connectApi(record.adminKubeconfig);
    try {
      const { seen, processes } = await joinNode(supplies, api, await prepareNode(supplies, node));
      await waitForNodes(api, { nodes: [node], processes });
      await writeLabRecord(lab, { ...record, nodes: [...record.nodes, seen], processes: [...record.processes, ...processes] });
      return seen;
    } finally {
      api.close();
    }
  });
}

/**
 * Ends a node as if its machine had been deleted: all its processes at once, its link and namespace, then the Node object.
 * Throws AppError `lab.no-such-node`.
 */
export function removeNode(stateDir: string, name: string): Promise<void> {
  return withRunningLab(stateDir, async (lab, record) => {
    const node = record.nodes.find((one) => one.name === name);
    if (!node)
      throw new AppError("lab.no-such-node", {
        say: `The lab has no node ${name}`,
        do: `Choose one of ${record.nodes.map((one) => one.name).join(", ")}`,
      });
    const left = {
      nodes: record.nodes.filter((one) => one !== node),
      processes: record.processes.filter((one) => !one.name.startsWith(`${name}/`)),
    };
    await writeLabRecord(lab, { ...record, ...left });
    const api = await connectApi(record.adminKubeconfig);
    try {
      await endNode(lab, node, api);
    } finally {
      api.close();
    }
  });
}

async function endNode(lab: LabPlan, node: LabNode, api: ApiClient): Promise<void> {
  await endCgroup(await readHierarchies(), node.cgroup);
  await ipIn(lab.netns.fabric, [`link delete n${node.slot}`]);
  if (node.kind === "Namespaces") await removeNetns(node.netns);
  await removeNodeFiles(node.kind === "Namespaces" ? planNode(lab, node.slot) : planMachine(lab, node.slot, node.series));
  await api.call({ method: "DELETE", path: `/api/v1/nodes/${node.name}` }); // gone already is as good
}

async function withRunningLab<T>(stateDir: string, work: (lab: LabPlan, record: LabRecord) => Promise<T>): Promise<T> {
  const absent = new AppError("lab.absent", { say: "No lab runs for this state folder", do: "Start it: npm run lab -- up" });
  const lab = planLab(await realpath(stateDir).catch(() => Promise.reject(absent)));
  return withFileLock(
    { file: join(lab.stateDir, "lab.lock"), waitMs: LOCK_WAIT_MS, holder: "Another start or stop of this lab" },
    async () => {
      const record = await readLabRecord(lab);
      if (record?.phase !== "ready") throw absent;
      return work(lab, record);
    },
  );
}

async function suppliesOf(lab: LabPlan, record: LabRecord, machines: readonly Series[]): Promise<NodeSupplies> {
  const folder = join(lab.folder, "control-plane");
  const [certificate, key] = await Promise.all([readFile(join(folder, "ca.crt"), "utf8"), readFile(join(folder, "ca.key"), "utf8")]);
  const authority = await openClusterAuthority({ certificate, key });
  const images = { pause: record.pauseImage, template: record.template };
  const { programs, template, kubeProxyMode } = record;
  const [hierarchies, proxy, guests] = await Promise.all([
    readHierarchies(),
    authority.issue({ user: "system:kube-proxy" }),
    prepareGuests(machines, { cache: cacheFolder(process.env), programs, template, onProgress: () => undefined }),
  ]);
  return { lab, hierarchies, programs, images, guests, kubeProxyMode, authority, proxy };
}
