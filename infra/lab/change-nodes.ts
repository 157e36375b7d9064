import { readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "@hostrouting/domain";
import { withFileLock } from "../images/with-file-lock.ts";
import { connectApi, type ApiClient } from "./api-client.ts";
import { describeNode, joinNode, prepareNode, type NodeSupplies } from "./bring-up-node.ts";
import { endCgroup, readHierarchies } from "./cgroups.ts";
import { waitForNodes } from "./cluster-content.ts";
import { openClusterAuthority } from "./cluster-keys.ts";
import { NODES_MAX, planLab, planNode, type LabPlan, type NodePlan } from "./lab-plan.ts";
import { readLabRecord, writeLabRecord, type LabNode, type LabRecord } from "./lab-record.ts";
import { removeNodeFiles } from "./node.ts";
import { ipIn } from "./lab-network.ts";
import { removeNetns } from "./stop-lab.ts";

const LOCK_WAIT_MS = 60_000;

/** Starts a node in the lowest free slot of a running lab and returns when it is Ready. Throws AppError `lab.full` when all 16 are taken. */
export function addNode(stateDir: string): Promise<LabNode> {
  return withRunningLab(stateDir, async (lab, record) => {
    const taken = new Set(record.nodes.map(({ slot }) => slot));
    const slot = Array.from({ length: NODES_MAX }, (_, index) => index).find((index) => !taken.has(index));
    if (slot === undefined) throw new AppError("lab.full", { say: `The lab has its ${NODES_MAX} nodes`, do: "Remove one first" });
    const node = planNode(lab, slot);
    const supplies = await suppliesOf(lab, record);
    const api = await connectApi(record.adminKubeconfig);
    try {
      const containerd = await prepareNode(supplies, node);
      const joined = await joinNode(supplies, api, { node, containerd });
      await waitForNodes(api, [node.name]);
      const described = describeNode(lab, { node, containerd });
      await writeLabRecord(lab, {
        ...record,
        nodes: [...record.nodes, described],
        processes: [...record.processes, containerd, ...joined],
      });
      return described;
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
      await endNode(lab, planNode(lab, node.slot), api);
    } finally {
      api.close();
    }
  });
}

async function endNode(lab: LabPlan, node: NodePlan, api: ApiClient): Promise<void> {
  await endCgroup(await readHierarchies(), `${lab.cgroup}/${node.name}`);
  await ipIn(lab.netns.fabric, [`link delete n${node.slot}`]);
  await removeNetns(node.netns);
  await removeNodeFiles(node);
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

async function suppliesOf(lab: LabPlan, record: LabRecord): Promise<NodeSupplies> {
  const folder = join(lab.folder, "control-plane");
  const [certificate, key] = await Promise.all([readFile(join(folder, "ca.crt"), "utf8"), readFile(join(folder, "ca.key"), "utf8")]);
  const authority = await openClusterAuthority({ certificate, key });
  const images = { pause: record.pauseImage, template: record.template };
  const [hierarchies, proxy] = await Promise.all([readHierarchies(), authority.issue({ user: "system:kube-proxy" })]);
  return { lab, hierarchies, programs: record.programs, images, authority, proxy };
}
