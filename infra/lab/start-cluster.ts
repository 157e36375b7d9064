import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { PreparedGuests } from "../guests/prepare-guests.ts";
import type { PreparedImages } from "../images/prepare-images.ts";
import { connectApi, type ApiClient } from "./api-client.ts";
import { joinNode, prepareNode, type JoinedNode, type NodeSupplies, type PreparedNode } from "./bring-up-node.ts";
import { KUBERNETES_VERSION } from "./build-programs.ts";
import { readHierarchies } from "./cgroups.ts";
import { waitForService } from "./wait-for-service.ts";
import { applyDemo, applyProduct, waitForDemo, waitForNodes } from "./cluster-content.ts";
import { createClusterAuthority, type ClusterAuthority } from "./cluster-keys.ts";
import { startApiServer, startControllers, writeControlPlaneFiles, type ControlPlaneStart } from "./control-plane.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import { createFabric } from "./lab-network.ts";
import { inFamilies, LAB_NETWORK, type LabPlan, type NodePlan, type ServiceRanges } from "./lab-plan.ts";
import type { LabProcess } from "./lab-process.ts";
import { writeLabRecord, type LabRecord } from "./lab-record.ts";
import type { KubeProxyMode } from "./node-commands.ts";
import { settleAll } from "./settle-all.ts";
import { throwIfAborted, waitUntil } from "./wait-until.ts";

/** The API server answers after 2 to 4 s. */
const API_TIMEOUT_MS = 60_000;

/** Everything that a cluster starts from. */
export interface ClusterStart {
  readonly nodes: readonly NodePlan[];
  readonly lab: LabPlan;
  readonly images: PreparedImages;
  /** What virtual machines are made with. */
  readonly guests: PreparedGuests;
  readonly programs: string;
  readonly apiPort: number;
  readonly kubeProxyMode: KubeProxyMode;
  readonly content: "Demo" | "ProductOnly";
  readonly nodeResourceGroup: string;
  readonly serviceCidrs: ServiceRanges;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal | undefined;
}

/**
 * Starts the processes of a cluster, joins its nodes, applies the content and waits until all is ready. Nothing that it does goes on after it has
 * returned or thrown. Throws AppError `lab.*`, `command.*`.
 */
export async function startCluster(starting: ClusterStart): Promise<LabRecord> {
  const { lab, say } = starting;
  await mkdir(join(lab.folder, "log"), { recursive: true, mode: 0o700 });
  const [authority, hierarchies] = await settleAll([createClusterAuthority(), readHierarchies(), createFabric(lab)]);
  throwIfAborted(starting.signal);
  const { programs, images, guests, kubeProxyMode, nodeResourceGroup, serviceCidrs } = starting;
  const control: ControlPlaneStart = { lab, hierarchies, programs, authority, serviceCidrs, doorPort: starting.apiPort };
  const proxy = await authority.issue({ user: "system:kube-proxy" });
  const way = { kubeProxyMode, nodeResourceGroup, serviceCidrs };
  const supplies: NodeSupplies = { lab, hierarchies, programs, images, guests, authority, proxy, ...way };
  const kubeconfigs = await writeUserKubeconfigs(starting, authority);
  await writeControlPlaneFiles(control);
  const processes = await startApiServer(control);
  const draft = { ...kubeconfigs, ...describe(starting), phase: "starting" as const, processes, nodes: [] };
  await writeLabRecord(lab, draft);
  const preparing = settleAll(starting.nodes.map((node) => prepareNode(supplies, node)));
  const [prepared, api] = await settleAll([preparing, reachApi(kubeconfigs.adminKubeconfig, starting.signal)]);
  say("API server answers");
  try {
    const { controllers, joined } = await fillCluster({ control, supplies, api, prepared, starting });
    const all = [...processes, ...controllers, ...joined.flatMap((node) => node.processes)];
    const record: LabRecord = { ...draft, phase: "ready", processes: all, nodes: joined.map(({ seen }) => seen) };
    await writeLabRecord(lab, record);
    return record;
  } finally {
    api.close();
  }
}

interface Filling {
  readonly control: ControlPlaneStart;
  readonly supplies: NodeSupplies;
  readonly api: ApiClient;
  readonly prepared: readonly PreparedNode[];
  readonly starting: ClusterStart;
}

interface Filled {
  readonly controllers: readonly LabProcess[];
  readonly joined: readonly JoinedNode[];
}

/** Everything that acts on the API server's content starts at once; the objects arrive meanwhile. */
async function fillCluster({ control, supplies, api, prepared, starting }: Filling): Promise<Filled> {
  const { say, images } = starting;
  const { nodes } = starting;
  const [controllers, joined] = await settleAll([
    startControllers(control),
    settleAll(prepared.map((node) => joinNode(supplies, api, node))),
    applyProduct(api, starting.serviceCidrs),
  ]);
  say("nodes join");
  await waitForNodes(api, { nodes, processes: joined.flatMap(({ processes }) => processes), signal: starting.signal });
  say(`${nodes.length} nodes Ready`);
  if (starting.content === "ProductOnly") return { controllers, joined };
  await applyDemo(api, images.bundle); // now, so that it is spread over all nodes
  await waitForDemo(api, nodes, starting.signal);
  await waitForService(api, nodes, starting.signal);
  say("demo application ready");
  return { controllers, joined };
}

/** Connects once the API server says that it is ready. */
async function reachApi(kubeconfig: string, signal: AbortSignal | undefined): Promise<ApiClient> {
  const api = await connectApi(kubeconfig);
  await waitUntil(
    {
      what: "the API server",
      everyMs: 50,
      timeoutMs: API_TIMEOUT_MS,
      remedy: "Read lab/log/kube-apiserver.log in the state folder",
      signal,
    },
    async () => {
      const answer = await api.call({ method: "GET", path: "/readyz", timeoutMs: 2_000 });
      return answer.status === 200 || undefined;
    },
  );
  return api;
}

async function writeUserKubeconfigs(
  starting: ClusterStart,
  authority: ClusterAuthority,
): Promise<{ adminKubeconfig: string; workerKubeconfig: string }> {
  const server = serverAt(starting.apiPort);
  const files = {
    adminKubeconfig: join(starting.lab.folder, "admin.kubeconfig"),
    workerKubeconfig: join(starting.lab.folder, "worker.kubeconfig"),
  };
  const [admin, worker] = await settleAll([
    authority.issue({ user: "lab-admin", group: "system:masters" }),
    authority.issue({ user: "acns-hostrouting-worker" }),
  ]);
  await writeKubeconfig(files.adminKubeconfig, { server, authority: authority.certificate, user: admin });
  await writeKubeconfig(files.workerKubeconfig, { server, authority: authority.certificate, user: worker });
  return files;
}

function serverAt(port: number): string {
  return `https://127.0.0.1:${port}`;
}

function describe(
  starting: ClusterStart,
): Pick<
  LabRecord,
  | "id"
  | "stateDir"
  | "server"
  | "apiPort"
  | "kubernetesVersion"
  | "bundleImage"
  | "bundleDigest"
  | "network"
  | "programs"
  | "template"
  | "pauseImage"
  | "kubeProxyMode"
  | "nodeResourceGroup"
> {
  const { lab, images, apiPort, programs, kubeProxyMode, nodeResourceGroup } = starting;
  const { podCidrs, nodeCidrs } = LAB_NETWORK;
  const { serviceCidrs } = starting;
  return {
    id: lab.id,
    stateDir: lab.stateDir,
    server: serverAt(apiPort),
    apiPort,
    kubernetesVersion: KUBERNETES_VERSION,
    bundleImage: images.bundle,
    bundleDigest: images.bundleDigest,
    network: { podCidrs: inFamilies(serviceCidrs, podCidrs), serviceCidrs, nodeCidrs: inFamilies(serviceCidrs, nodeCidrs) },
    programs,
    template: images.template,
    pauseImage: images.pause,
    kubeProxyMode,
    nodeResourceGroup,
  };
}
