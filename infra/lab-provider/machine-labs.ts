import { readFile } from "node:fs/promises";
import path from "node:path";
import { AppError, type ClusterId, type ProvisionedFacts } from "@hostrouting/domain";
import { connectApi, type ApiClient } from "../lab/api-client.ts";
import { addNode, removeNode, retireNode } from "../lab/change-nodes.ts";
import { readyNodes } from "../lab/cluster-content.ts";
import { planLab } from "../lab/lab-plan.ts";
import { isRunning } from "../lab/lab-process.ts";
import { readLabRecord, type LabRecord } from "../lab/lab-record.ts";
import { nodeImageVersion } from "../lab/node-pool.ts";
import { startLab } from "../lab/start-lab.ts";
import { keptPlaces, makeLabFolder, placeOf, removePlace } from "./cluster-place.ts";
import { LAB_KUBERNETES, type ClusterWish } from "./cluster-wish.ts";
import type { LabSight, LabStep, SeenNode } from "./decide-step.ts";
import { memoryAvailable, type MachineRoom } from "./machine-room.ts";
import type { Labs, StepDoing } from "./labs.ts";
import { marksPatch, type MarkedNode } from "./pool-marks.ts";
import { ensureUserKubeconfigs } from "./user-kubeconfigs.ts";

/** What labs of this machine are made from, and how many there may be. */
export type MachineLabsOptions = {
  /** See `clustersFolder`. */
  readonly clusters: string;
  /** The checkout. */
  readonly project: string;
  /** The product's cache folder (cache-folder.ts). */
  readonly cache: string;
  /** Of the bundle that the worker rolls out; a lab that holds another one is made anew. */
  readonly bundleDigest: string;
  readonly clustersMax: number;
  readonly nodesMax: number;
};

/** Labs as they are: namespaces, cgroups, processes and files of this machine. */
export function machineLabs(options: MachineLabsOptions): Labs {
  const folderOf = (id: ClusterId): Promise<string> => makeLabFolder(options.clusters, id);
  const recordOf = async (id: ClusterId): Promise<LabRecord | undefined> => readLabRecord(planLab(await folderOf(id)));
  return {
    see: async (id) => sightOf(await recordOf(id), options.bundleDigest),
    async do(wish, step, doing) {
      await doStep(options, { stateDir: await folderOf(wish.id), wish, step, doing });
    },
    async finish(wish) {
      const record = await recordOf(wish.id);
      if (record === undefined) throw new AppError("lab.absent", { say: `The lab of ${wish.name} has gone`, do: "" });
      return factsOf(wish, record);
    },
    remove: (id) => removePlace(options.clusters, placeOf(id)),
    room: (except) => roomOf(options, except && placeOf(except)),
    async removeOthers(known) {
      const ours = new Set(known.map(placeOf));
      const others = (await keptPlaces(options.clusters)).filter((place) => !ours.has(place));
      for (const place of others) await removePlace(options.clusters, place);
      return others.length;
    },
  };
}

/** What a lab's record says, held against the processes that run. */
export function sightOf(record: LabRecord | undefined, bundleDigest: string, runs = isRunning): LabSight {
  if (record === undefined) return { kind: "Absent" };
  if (record.phase === "starting") return { kind: "Broken", why: "its start was broken off" };
  if (record.bundleDigest !== bundleDigest) return { kind: "Broken", why: "its nodes hold another bundle" };
  const ended = record.processes.filter((one) => !runs(one)).map(({ name }) => name);
  // A node's processes are named for it: aks-user-0/kubelet.
  const ofControlPlane = ended.filter((name) => !name.includes("/"));
  if (ofControlPlane.length > 0) return { kind: "Broken", why: `${ofControlPlane.join(", ")} ended` };
  const nodes = record.nodes.map(({ name, pool }): SeenNode => ({ name, pool, isWell: !ended.some((one) => one.startsWith(`${name}/`)) }));
  return { kind: "Running", nodes };
}

type Doing = { readonly stateDir: string; readonly wish: ClusterWish; readonly step: LabStep; readonly doing: StepDoing };

async function doStep(options: MachineLabsOptions, { stateDir, wish, step, doing }: Doing): Promise<void> {
  const { signal, say } = doing;
  switch (step.kind) {
    case "Build": {
      const { project, cache } = options;
      const { nodeResourceGroup, serviceCidrs } = wish;
      // The line begins with `lab:` and the time since the start, which nobody asks for here.
      const onProgress = (line: string): void => say(line.replace(/^lab:\s+[\d.]+ s\s+/, ""));
      const way = { content: "ProductOnly", nodeResourceGroup, serviceCidrs, kubeProxyMode: "iptables" } as const;
      await startLab({ stateDir, project, cache, wanted: { pools: wish.pools, machines: [] }, ...way, onProgress, signal });
      return;
    }
    case "AddNode":
      await addNode(stateDir, { pool: step.pool, signal });
      return;
    case "RetireNode":
      return retireNode(stateDir, step.node, signal);
    case "DropNode":
      return removeNode(stateDir, step.node);
  }
}

async function factsOf(wish: ClusterWish, record: LabRecord): Promise<ProvisionedFacts> {
  const { user, admin } = await ensureUserKubeconfigs(wish, record);
  const api = await connectApi(record.adminKubeconfig);
  try {
    await markNodes(api, wish, record);
    const ready = new Set(await readyNodes(api));
    const pools = wish.pools.map(({ pool }) => ({
      name: pool.name,
      count: record.nodes.filter((node) => node.pool === pool.name && ready.has(node.name)).length,
      kubernetesVersion: LAB_KUBERNETES,
      nodeImageVersion: nodeImageVersion(pool.osSku),
    }));
    return { fqdn: wish.fqdn, kubernetesVersion: LAB_KUBERNETES, pools, credentials: { worker: record.workerKubeconfig, user, admin } };
  } finally {
    api.close();
  }
}

/** Gives each node the labels and taints of its pool. Throws AppError `lab.api-refused`, for a node that was written meanwhile too. */
async function markNodes(api: ApiClient, wish: ClusterWish, record: LabRecord): Promise<void> {
  const { items } = await api.json<{ items: MarkedNode[] }>({ method: "GET", path: "/api/v1/nodes" });
  for (const node of items) {
    const { name } = node.metadata;
    const pool = record.nodes.find((one) => one.name === name)?.pool;
    const marks = wish.pools.find((one) => one.pool.name === pool)?.marks;
    const body = marks && marksPatch(node, marks);
    if (body === undefined) continue;
    await api.json({ method: "PATCH", path: `/api/v1/nodes/${name}`, contentType: "application/merge-patch+json", body });
  }
}

async function roomOf({ clusters, clustersMax, nodesMax }: MachineLabsOptions, except: string | undefined): Promise<MachineRoom> {
  const counted = (await keptPlaces(clusters)).filter((place) => place !== except);
  const records = await Promise.all(counted.map((place) => readLabRecord(planLab(path.join(clusters, place)))));
  const labs = records.filter((record) => record !== undefined);
  const nodes = labs.reduce((sum, record) => sum + record.nodes.length, 0);
  const free = memoryAvailable(await readFile("/proc/meminfo", "utf8"));
  if (free === undefined) throw new AppError("room.unknown", { say: "/proc/meminfo does not say how much memory is available", do: "" });
  return { memoryAvailable: free, clusters: labs.length, nodes, clustersMax, nodesMax };
}
