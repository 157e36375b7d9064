import { AppError } from "@hostrouting/domain";
import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { BUNDLE_NAMESPACE, BUNDLE_SELECTOR } from "./names.ts";
import { runInPod, type ProgramEnd } from "./run-in-pod.ts";

/** A look at maps takes seconds; a removal scans before and after, and each of its tools may take half a minute on a busy node. */
const RUN_TIMEOUT_MS = 180_000;
const CONTAINER = "agent";

/**
 * Runs a program in the container of a node's agent, as `kubectl exec` does, with the rights of `kubeconfig` (a file's path; else KUBECONFIG
 * and the usual places). Nothing on the node listens for it.
 * @throws AppError `kube.credential-refused`, `kube.no-agent`, `kube.unreachable`
 */
export async function runBesideAgent(kubeconfig: string | undefined, node: string, command: readonly string[]): Promise<ProgramEnd> {
  const config = loadConfig(kubeconfig);
  const pod = await agentPod(config, node);
  try {
    return await runInPod(config, { namespace: BUNDLE_NAMESPACE, pod, container: CONTAINER, command, timeoutMs: RUN_TIMEOUT_MS });
  } catch (cause) {
    throw new AppError("kube.unreachable", {
      say: `The agent's pod ${pod} on ${node} did not run the program`,
      do: "Check that the identity of the kubeconfig may create pods/exec there.",
      cause,
    });
  }
}

function loadConfig(kubeconfig: string | undefined): KubeConfig {
  const config = new KubeConfig();
  try {
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
  } catch (cause) {
    throw new AppError("kube.credential-refused", {
      say: `The kubeconfig ${kubeconfig ?? "of KUBECONFIG or the usual places"} cannot be read`,
      do: "Name one with --kubeconfig or KUBECONFIG.",
      cause,
    });
  }
  if (kubeconfig === undefined && config.getCurrentCluster()?.server === NOTHING_FOUND)
    throw new AppError("kube.credential-refused", {
      say: "There is no kubeconfig in the usual places",
      do: "Name one with --kubeconfig or KUBECONFIG; `az aks get-credentials` writes one.",
    });
  return config;
}

/** Where Kubernetes' client goes by itself when it has found no file, and no service account of a pod. */
const NOTHING_FOUND = "http://localhost:8080";

async function agentPod(config: KubeConfig, node: string): Promise<string> {
  const labelSelector = Object.entries(BUNDLE_SELECTOR)
    .map(([name, value]) => `${name}=${value}`)
    .join();
  const list = config
    .makeApiClient(CoreV1Api)
    .listNamespacedPod({ namespace: BUNDLE_NAMESPACE, labelSelector, fieldSelector: `spec.nodeName=${node},status.phase=Running` });
  const { items } = await list.catch((cause: unknown) => {
    throw new AppError("kube.unreachable", {
      say: "The cluster's API server did not list the agents' pods",
      do: "Check the kubeconfig: --kubeconfig or KUBECONFIG.",
      cause: new Error(cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause)),
    });
  });
  const name = items.find((pod) => pod.metadata?.deletionTimestamp === undefined)?.metadata?.name;
  if (name !== undefined) return name;
  throw new AppError("kube.no-agent", {
    say: `No agent runs on a node ${node}`,
    do: "Check the node's name; agents run where host routing is on or being turned on.",
  });
}
