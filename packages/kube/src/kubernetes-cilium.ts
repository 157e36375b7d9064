import { AppError } from "@hostrouting/domain";
import { KubeConfig, type V1Pod } from "@kubernetes/client-node";
import type { ApiCall, ApiClient } from "./api-client.ts";
import type { CiliumAccess, CiliumConfigMap, CiliumNodeConfigObject, CiliumNodeConfigWish } from "./cilium-access.ts";
import type { Credential } from "./credential.ts";
import {
  CILIUM_AGENT_CONTAINER,
  CILIUM_AGENT_SELECTOR,
  CILIUM_CONFIG_NAME,
  CILIUM_NAMESPACE,
  CILIUM_OBJECT_PREFIX,
  CILIUM_OURS_LABEL,
  ROLLOUT_MANAGER,
} from "./names.ts";
import { runInPod } from "./run-in-pod.ts";

const NODE_CONFIGS = `/apis/cilium.io/v2/namespaces/${CILIUM_NAMESPACE}/ciliumnodeconfigs`;
const PODS = `/api/v1/namespaces/${CILIUM_NAMESPACE}/pods`;
const CONFIG = `/api/v1/namespaces/${CILIUM_NAMESPACE}/configmaps/${CILIUM_CONFIG_NAME}`;
/** A program that asks over a socket of its own pod; a round must stay far below the lease. */
const STATUS_TIMEOUT_MS = 5_000;
const ABSENT = Symbol("there is no such object");

async function orAbsent<T>(promise: Promise<unknown>, absent: T): Promise<T> {
  try {
    return (await promise) as T;
  } catch (error) {
    if (error instanceof AppError && error.code === "kube.not-found") return absent;
    throw error;
  }
}

/** What the program needs to connect: the credential that was checked, and nothing else of its file. */
function configOf({ server, ca, serverName, cert, key, token }: Credential): KubeConfig {
  const config = new KubeConfig();
  const base64 = (name: string, bytes: Buffer | undefined): object => (bytes === undefined ? {} : { [name]: bytes.toString("base64") });
  config.loadFromClusterAndUser(
    {
      name: "cluster",
      server: server.href.replace(/\/$/, ""),
      skipTLSVerify: false,
      ...base64("caData", ca),
      ...(serverName === undefined ? {} : { tlsServerName: serverName }),
    },
    { name: "user", ...base64("certData", cert), ...base64("keyData", key), ...(token === undefined ? {} : { token }) },
  );
  return config;
}

/** A CiliumNodeConfig of ours, whole. */
export function nodeConfigManifest({ node, annotations, hostname, defaults }: CiliumNodeConfigWish): CiliumNodeConfigObject & object {
  return {
    ...{ apiVersion: "cilium.io/v2", kind: "CiliumNodeConfig" },
    metadata: {
      name: `${CILIUM_OBJECT_PREFIX}${node.name}`,
      namespace: CILIUM_NAMESPACE,
      labels: { ...CILIUM_OURS_LABEL },
      annotations: { ...annotations },
      ownerReferences: [{ apiVersion: "v1", kind: "Node", name: node.name, uid: node.uid }],
    },
    spec: { nodeSelector: { matchLabels: { "kubernetes.io/hostname": hostname } }, defaults },
  };
}

async function agentStatus(config: KubeConfig, pod: string): Promise<string> {
  const command = ["cilium-dbg", "status", "-o", "json"];
  const program = { namespace: CILIUM_NAMESPACE, pod, container: CILIUM_AGENT_CONTAINER, command, timeoutMs: STATUS_TIMEOUT_MS };
  const refuse = (cause: unknown): never => {
    throw new AppError("kube.unreachable", {
      say: `Cilium's agent in pod ${pod} did not tell its status`,
      do: `Check that it runs, and that our identity may create pods/exec in ${CILIUM_NAMESPACE}.`,
      cause,
    });
  };
  const { stdout, stderr, exitCode } = await runInPod(config, program).catch(refuse);
  return exitCode === 0 ? stdout : refuse(new Error(`cilium-dbg ended with ${exitCode}: ${stderr.slice(0, 200)}`));
}

/**
 * Replaces what is ours of a node's object, or makes it. No server-side apply: it leaves overrides that others added, and where it takes the last of ours away
 * it makes `defaults` null, which the definition refuses.
 */
async function writeNodeConfig(client: ApiClient, wish: CiliumNodeConfigWish): Promise<void> {
  const { metadata, spec, ...kind } = nodeConfigManifest(wish);
  const query = { fieldManager: ROLLOUT_MANAGER, fieldValidation: "Strict" };
  const { labels, annotations, ownerReferences } = metadata;
  const changes = {
    "/metadata/labels": labels,
    "/metadata/annotations": annotations,
    "/metadata/ownerReferences": ownerReferences,
    "/spec": spec,
  };
  const replaced = client.call({
    method: "PATCH",
    path: `${NODE_CONFIGS}/${metadata.name}`,
    query,
    body: Object.entries(changes).map(([path, value]) => ({ op: "add", path, value })),
    contentType: "application/json-patch+json",
  });
  if ((await orAbsent(replaced, ABSENT)) === ABSENT)
    await client.call({ method: "POST", path: NODE_CONFIGS, query, body: { ...kind, metadata, spec } });
}

/** A cluster's own Cilium, over its API server. */
export function kubernetesCilium(client: ApiClient, credential: Credential): CiliumAccess {
  const config = configOf(credential);
  const get = (path: string, query: ApiCall["query"] = {}): Promise<unknown> => client.call({ method: "GET", path, query });
  const agents = Object.entries(CILIUM_AGENT_SELECTOR).map(([key, value]) => `${key}=${value}`);
  return {
    readConfig: async () => {
      const found = await orAbsent<Partial<CiliumConfigMap> | undefined>(get(CONFIG), undefined);
      return found && { metadata: found.metadata ?? {}, data: found.data ?? {} };
    },
    listNodeConfigs: async () =>
      (await orAbsent<{ readonly items?: readonly CiliumNodeConfigObject[] }>(get(NODE_CONFIGS), {})).items ?? [],
    listAgents: async () => ((await get(PODS, { labelSelector: agents.join() })) as { readonly items?: readonly V1Pod[] }).items ?? [],
    applyNodeConfig: (wish) => writeNodeConfig(client, wish),
    async deleteNodeConfig(node) {
      await orAbsent(client.call({ method: "DELETE", path: `${NODE_CONFIGS}/${CILIUM_OBJECT_PREFIX}${node}` }), undefined);
    },
    agentStatus: (pod) => agentStatus(config, pod),
  };
}
