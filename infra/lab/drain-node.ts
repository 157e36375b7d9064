import { AppError } from "@hostrouting/domain";
import type { ApiClient } from "./api-client.ts";
import { waitUntil } from "./wait-until.ts";

/** How long a drain waits, and how often it asks. */
export interface DrainPatience {
  readonly timeoutMs: number;
  readonly everyMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Pods of the lab end within seconds; a budget that never allows their end holds it for this long. */
export const DRAIN_PATIENCE: DrainPatience = { timeoutMs: 60_000, everyMs: 500 };

/** A pod, as far as a drain looks at it. */
export interface DrainedPod {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly kind: string; readonly controller?: boolean }[];
  };
  readonly status: { readonly phase?: string };
}

/** Whether a drain moves a pod: not those of a DaemonSet, of the node itself, or that have ended (as `kubectl drain --ignore-daemonsets --force`). */
export function isDrained({ metadata, status }: DrainedPod): boolean {
  const isOfNode = metadata.annotations?.["kubernetes.io/config.mirror"] !== undefined;
  const isOfDaemonSet = metadata.ownerReferences?.some(({ kind, controller }) => kind === "DaemonSet" && controller === true) === true;
  return !isOfNode && !isOfDaemonSet && status.phase !== "Succeeded" && status.phase !== "Failed";
}

/**
 * Cordons a node and evicts its pods, and returns when they are gone. A node whose object is gone is drained.
 * Throws AppError `lab.not-drained` naming the pods that stay: the node is left cordoned.
 */
export async function drainNode(api: ApiClient, node: string, patience: DrainPatience): Promise<void> {
  if (!(await cordon(api, node))) return;
  let staying: string[] = [];
  const wait = { what: `the pods of ${node} to end`, remedy: "", ...patience };
  try {
    await waitUntil(wait, async () => {
      const pods = (await podsOf(api, node)).filter(isDrained);
      staying = pods.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
      await Promise.all(pods.map((pod) => evict(api, pod)));
      return pods.length === 0 || undefined;
    });
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "lab.timed-out") throw error;
    throw new AppError("lab.not-drained", {
      say: `Node ${node} was not drained within ${patience.timeoutMs / 1000} s: ${staying.join(", ")} did not leave it`,
      do: "Look at the pod disruption budgets of these pods, and try again",
      cause: error.cause,
    });
  }
}

/** Gives whether there is such a node. */
async function cordon(api: ApiClient, node: string): Promise<boolean> {
  const answer = await api.call({
    method: "PATCH",
    path: `/api/v1/nodes/${node}`,
    contentType: "application/merge-patch+json",
    body: { spec: { unschedulable: true } },
  });
  if (answer.status === 404) return false;
  if (answer.status < 300) return true;
  throw new AppError("lab.api-refused", { say: `Node ${node} could not be cordoned: ${answer.text.slice(0, 500)}` });
}

async function podsOf(api: ApiClient, node: string): Promise<readonly DrainedPod[]> {
  const path = `/api/v1/pods?fieldSelector=${encodeURIComponent(`spec.nodeName=${node}`)}`;
  return (await api.json<{ items: DrainedPod[] }>({ method: "GET", path })).items;
}

/** 429 is a budget that does not allow it now, 404 a pod that has gone: both are asked about again. */
async function evict(api: ApiClient, { metadata: { namespace, name } }: DrainedPod): Promise<void> {
  const body = { apiVersion: "policy/v1", kind: "Eviction", metadata: { namespace, name } };
  await api.call({ method: "POST", path: `/api/v1/namespaces/${namespace}/pods/${name}/eviction`, body });
}
