import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "@hostrouting/domain";
import type { ApiClient } from "./api-client.ts";
import { applyManifests, parseManifests, readManifests } from "./apply-manifests.ts";
import { isRunning, type LabProcess } from "./lab-process.ts";
import { inFamilies, type NodePlan, type ServiceRanges } from "./lab-plan.ts";
import { masqueradeManifests } from "./masquerade-config.ts";
import { nodeLabels, providerId } from "./node-pool.ts";
import { waitUntil } from "./wait-until.ts";

/** A node is ready in a few seconds and a pod in one or two; images are there. A minute means that something is broken. */
const READY_TIMEOUT_MS = 60_000;
/** A virtual machine boots first, and everything in it is emulated. */
const MACHINE_READY_TIMEOUT_MS = 180_000;
const ASK_EVERY_MS = 100;

const MANIFESTS = join(import.meta.dirname, "../k8s");
const DEMO = join(import.meta.dirname, "demo.yaml");
const CILIUM = ["cilium-policies.yaml", "cilium-node-configs.yaml"].map((name) => join(import.meta.dirname, name));

/**
 * Makes the Node object as a cloud would: with labels, provider id and pod ranges that match the node's network configuration. The
 * kubelet then finds it and fills in the rest.
 */
export async function createNodeObject(
  api: ApiClient,
  node: NodePlan,
  { nodeResourceGroup, serviceCidrs }: { readonly nodeResourceGroup: string; readonly serviceCidrs: ServiceRanges },
): Promise<void> {
  const podCIDRs = inFamilies(serviceCidrs, node.podCidrs);
  await api.json({
    method: "POST",
    path: "/api/v1/nodes",
    body: {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: node.name, labels: nodeLabels(node, nodeResourceGroup) },
      spec: { podCIDR: podCIDRs[0], podCIDRs, providerID: providerId(node, nodeResourceGroup) },
    },
  });
}

/** Applies the product's own definitions (custom resources, namespace, rights) and what the platform has made before them: Cilium's definitions included. */
export async function applyProduct(api: ApiClient, serviceCidrs: ServiceRanges): Promise<void> {
  const sources = [...CILIUM, join(MANIFESTS, "crds"), MANIFESTS];
  const manifests = (await Promise.all(sources.map(readManifests))).flat();
  await applyManifests(api, [...masqueradeManifests(serviceCidrs), ...manifests]);
}

/** Applies the demo application with the image that the nodes have. */
export async function applyDemo(api: ApiClient, image: string): Promise<void> {
  const text = (await readFile(DEMO, "utf8")).replaceAll("${BUNDLE_IMAGE}", image);
  await applyManifests(api, parseManifests(text, DEMO));
}

/** Nodes that are about to be Ready, with the processes that they cannot do without. */
export interface StartingNodes {
  readonly nodes: readonly NodePlan[];
  readonly processes: readonly LabProcess[];
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits until each of these nodes is Ready and takes pods.
 * Throws AppError `lab.node-failed` when one of their processes ends meanwhile.
 */
export async function waitForNodes(api: ApiClient, { nodes, processes, signal }: StartingNodes): Promise<void> {
  const names = nodes.map(({ name }) => name);
  await waitUntil(
    { what: `nodes ${names.join(", ")} to be Ready`, everyMs: ASK_EVERY_MS, timeoutMs: patience(nodes), remedy: SEE_LOGS, signal },
    async () => {
      const ended = processes.find((process) => !isRunning(process));
      if (ended) return ended;
      const ready = await readyNodes(api);
      return names.every((name) => ready.includes(name)) || undefined;
    },
  ).then((answer) => {
    if (answer !== true) throw new AppError("lab.node-failed", { say: `${answer.name} has ended`, do: SEE_LOGS });
  });
}

/** Names of the nodes whose condition Ready is True and that have no taint for the contrary any more. */
export async function readyNodes(api: ApiClient): Promise<string[]> {
  const list = await api.json<NodeList>({ method: "GET", path: "/api/v1/nodes" });
  const isReady = (node: NodeList["items"][number]): boolean =>
    node.status.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true &&
    !node.spec.taints?.some(({ key }) => key === "node.kubernetes.io/not-ready");
  return list.items.filter(isReady).map((node) => node.metadata.name);
}

/** Waits until every replica of the demo application, and its traffic client on each of these nodes, is ready. */
export async function waitForDemo(api: ApiClient, nodes: readonly NodePlan[], signal?: AbortSignal): Promise<void> {
  await waitUntil(
    { what: "the demo application to be ready", everyMs: ASK_EVERY_MS, timeoutMs: patience(nodes), remedy: SEE_LOGS, signal },
    async () => {
      const [web, traffic] = await Promise.all([
        api.json<{ spec: { replicas: number }; status: { readyReplicas?: number } }>({
          method: "GET",
          path: "/apis/apps/v1/namespaces/demo/deployments/web",
        }),
        api.json<{ status: { numberReady?: number } }>({ method: "GET", path: "/apis/apps/v1/namespaces/demo/daemonsets/traffic" }),
      ]);
      return (web.status.readyReplicas === web.spec.replicas && traffic.status.numberReady === nodes.length) || undefined;
    },
  );
}

function patience(nodes: readonly NodePlan[]): number {
  return nodes.some(({ kind }) => kind === "Machine") ? MACHINE_READY_TIMEOUT_MS : READY_TIMEOUT_MS;
}

interface NodeList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly spec: { readonly taints?: readonly { readonly key: string }[] };
    readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  }[];
}

const SEE_LOGS = "Read the logs in the state folder under lab/log";
