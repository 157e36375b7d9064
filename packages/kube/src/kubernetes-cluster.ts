import type { HostRoutingNodeSpec } from "@hostrouting/contracts";
import { AppError } from "@hostrouting/domain";
import type { EventObject } from "@hostrouting/events";
import type { V1DaemonSet, V1Node, V1Pod, V1PodDisruptionBudget } from "@kubernetes/client-node";
import { systemTimers, type Timers } from "@hostrouting/runtime";
import { apiClient, failureOf, type ApiCall, type ApiClient } from "./api-client.ts";
import type { Collection } from "./api-watch.ts";
import type { CiliumAccess } from "./cilium-access.ts";
import type {
  ClusterAccess,
  GrantedRules,
  HostRoutingConfigObject,
  HostRoutingNodeObject,
  PolicyLookup,
  PolicyWish,
  ServerVersion,
} from "./cluster-access.ts";
import { birthTaintOf } from "./cluster-birth-taint.ts";
import { collections, CONFIGS, DAEMONSETS, NODE_OBJECTS, NODES, openClusterCaches, type ClusterCaches } from "./cluster-caches.ts";
import { writeEvent } from "./cluster-event.ts";
import { applyPolicy, policyPath, readPolicy } from "./cluster-policy.ts";
import { readCredential, type CredentialLimits } from "./credential.ts";
import { evictionOutcome } from "./eviction-answer.ts";
import { kubernetesCilium } from "./kubernetes-cilium.ts";
import { eachPage } from "./paged-list.ts";
import { API_VERSION, BUNDLE_NAME, CONFIG_NAME, MANIFEST_MANAGER, ROLLOUT_MANAGER } from "./names.ts";
import { readRolloutLease, writeRolloutLease } from "./rollout-lease.ts";
import { listSandboxFailures } from "./sandbox-failures.ts";
import { ServerSigns } from "./server-signs.ts";

const PODS = "/api/v1/pods";
const BUDGETS = "/apis/policy/v1/poddisruptionbudgets";

const get = (path: string, query: ApiCall["query"] = {}): ApiCall => ({ method: "GET", path, query });

/** A list's items, typed by what the path stands for; the API server validates what it stores. */
async function list<T>(client: ApiClient, { path, ...query }: Collection): Promise<readonly T[]> {
  const body = (await client.call(get(path, query))) as { readonly items?: readonly T[] };
  return body.items ?? [];
}

/** The answer, or nothing when there is no such object. */
async function orAbsent<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof AppError && error.code === "kube.not-found") return undefined;
    throw error;
  }
}

/** Server-side apply of an object that is ours alone; hence the force: nobody else has a field in it that we name. */
function apply(path: string, body: unknown, fieldManager: string): ApiCall {
  return { method: "PATCH", path, body, query: { fieldManager, force: "true" }, contentType: "application/apply-patch+yaml" };
}

function nodeObject(node: { readonly name: string; readonly uid: string }, spec: HostRoutingNodeSpec): unknown {
  const owner = { apiVersion: "v1", kind: "Node", name: node.name, uid: node.uid };
  return { apiVersion: API_VERSION, kind: "HostRoutingNode", metadata: { name: node.name, ownerReferences: [owner] }, spec };
}

/** The header has whole seconds, rounded down: half of one is what it lacks on average. */
const HEADER_LACKS_MS = 500;

async function readVersion(client: ApiClient): Promise<ServerVersion> {
  const call = get("/version");
  const answer = await client.send(call);
  if (answer.status !== 200) throw failureOf(call, answer);
  const { gitVersion = "" } = answer.body as { readonly gitVersion?: string };
  const said = Date.parse(answer.date ?? "");
  return { gitVersion, aheadMs: Number.isNaN(said) ? undefined : said + HEADER_LACKS_MS - Date.now() };
}

/** A cluster as its access sees it; there are caches while somebody watches. */
type Opened = { readonly client: ApiClient; readonly signs: ServerSigns; caches: ClusterCaches | undefined };

/** What every round reads: from caches where there are some. */
function roundReaders(opened: Opened) {
  const { client, signs } = opened;
  return {
    listNodes: () => opened.caches?.nodes.items() ?? list<V1Node>(client, collections.nodes),
    listNodeObjects: () => opened.caches?.nodeObjects.items() ?? list<HostRoutingNodeObject>(client, collections.nodeObjects),
    listBundlePods: () => opened.caches?.bundlePods.items() ?? list<V1Pod>(client, collections.bundlePods),
    /** The one that is asked for when the API server was not heard lately: an outage must not hide behind what is kept. */
    async readConfig(): Promise<HostRoutingConfigObject | undefined> {
      const configs = opened.caches?.configs;
      if (configs !== undefined && (signs.areFresh() || configs.isAsked)) return (await configs.items())[0];
      return orAbsent(client.call(get(`${CONFIGS}/${CONFIG_NAME}`)) as Promise<HostRoutingConfigObject>);
    },
    async readBundle(): Promise<V1DaemonSet | undefined> {
      return (await (opened.caches?.bundles.items() ?? list<V1DaemonSet>(client, collections.bundles)))[0];
    },
    readPolicy(name: string): Promise<PolicyLookup> {
      const kept = opened.caches?.policyName === name ? opened.caches.policies : undefined;
      return readPolicy(client, name, kept && (() => kept.items()));
    },
  };
}

function readers(client: ApiClient) {
  return {
    serverVersion: () => readVersion(client),
    async grantedRules(namespace: string): Promise<GrantedRules> {
      const body = { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectRulesReview", spec: { namespace } };
      const answer = (await client.call({
        method: "POST",
        path: "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
        body,
      })) as { readonly status?: { readonly resourceRules?: GrantedRules["rules"]; readonly incomplete?: boolean } };
      return { rules: answer.status?.resourceRules ?? [], isComplete: answer.status?.incomplete !== true };
    },
    readRolloutLease: () => readRolloutLease(client),
    eachPodPage: (onPage: (pods: readonly V1Pod[]) => void) => eachPage(client, { path: PODS }, onPage),
    async listBudgets(): Promise<readonly V1PodDisruptionBudget[]> {
      const budgets: V1PodDisruptionBudget[] = [];
      await eachPage<V1PodDisruptionBudget>(client, { path: BUDGETS }, (page) => budgets.push(...page));
      return budgets;
    },
    listSandboxFailures: () => listSandboxFailures(client),
    listPodsOn: (node: string) => list<V1Pod>(client, { path: PODS, fieldSelector: `spec.nodeName=${node}` }),
  };
}

async function evict(client: ApiClient, pod: Parameters<ClusterAccess["evict"]>[0]): ReturnType<ClusterAccess["evict"]> {
  const call: ApiCall = {
    method: "POST",
    path: `/api/v1/namespaces/${pod.namespace}/pods/${pod.name}/eviction`,
    body: {
      apiVersion: "policy/v1",
      kind: "Eviction",
      metadata: { name: pod.name, namespace: pod.namespace },
      // A namesake that took the pod's place must not be evicted for it.
      deleteOptions: { preconditions: { uid: pod.uid } },
    },
  };
  const answer = await client.send(call);
  if (answer.status === 409) return { kind: "Evicted" };
  const outcome = evictionOutcome(answer.status, answer.body, pod.namespace);
  if (outcome === undefined) throw failureOf(call, answer);
  return outcome;
}

/** Collections that are kept and written. */
type Kept = "nodes" | "nodeObjects" | "configs" | "bundles" | "bundlePods" | "policies";

function writers(opened: Opened) {
  const { client } = opened;
  /** After a write that failed or had no answer nobody knows what is there. */
  const written = async (kept: Kept, answer: Promise<unknown>): Promise<void> => {
    try {
      const body = await answer;
      opened.caches?.[kept].wrote(body);
    } catch (error) {
      opened.caches?.[kept].doubt();
      throw error;
    }
  };
  const write = (call: ApiCall, kept: Kept): Promise<void> => written(kept, client.call(call));
  const remove = async (path: string, kept: Kept): Promise<void> => {
    try {
      await orAbsent(client.call({ method: "DELETE", path }));
    } finally {
      opened.caches?.[kept].doubt();
    }
  };
  return {
    applyConfig: (spec: Parameters<ClusterAccess["applyConfig"]>[0]) =>
      write(
        apply(
          `${CONFIGS}/${CONFIG_NAME}`,
          { apiVersion: API_VERSION, kind: "HostRoutingConfig", metadata: { name: CONFIG_NAME }, spec },
          MANIFEST_MANAGER,
        ),
        "configs",
      ),
    applyBundle: (manifest: V1DaemonSet) => write(apply(`${DAEMONSETS}/${BUNDLE_NAME}`, manifest, MANIFEST_MANAGER), "bundles"),
    async tryBundle(manifest: V1DaemonSet): Promise<void> {
      const call = apply(`${DAEMONSETS}/${BUNDLE_NAME}`, manifest, MANIFEST_MANAGER);
      await client.call({ ...call, query: { ...call.query, dryRun: "All" } });
    },
    deleteBundle: () => remove(`${DAEMONSETS}/${BUNDLE_NAME}`, "bundles"),
    applyNodeObject: (node: { readonly name: string; readonly uid: string }, spec: HostRoutingNodeSpec) =>
      write(apply(`${NODE_OBJECTS}/${node.name}`, nodeObject(node, spec), ROLLOUT_MANAGER), "nodeObjects"),
    deleteNodeObject: (name: string) => remove(`${NODE_OBJECTS}/${name}`, "nodeObjects"),
    patchNode: (name: string, patch: Parameters<ClusterAccess["patchNode"]>[1]) =>
      write(
        {
          method: "PATCH",
          path: `${NODES}/${name}`,
          query: { fieldManager: ROLLOUT_MANAGER },
          body: patch,
          contentType: "application/merge-patch+json",
        },
        "nodes",
      ),
    writeRolloutLease: (wish: Parameters<ClusterAccess["writeRolloutLease"]>[0]) => writeRolloutLease(client, wish),
    applyPolicy: (policy: PolicyWish, how: Parameters<ClusterAccess["applyPolicy"]>[1]) =>
      written("policies", applyPolicy(client, policy, how)),
    writeEvent: (event: EventObject) => writeEvent(client, event),
    deletePolicy: (name: string) => remove(policyPath(name), "policies"),
    evict: (pod: Parameters<ClusterAccess["evict"]>[0]) => evict(client, pod),
    deletePod: (namespace: string, name: string) => remove(`/api/v1/namespaces/${namespace}/pods/${name}`, "bundlePods"),
  };
}

/** Access to the cluster that a client talks to. While it is watched, what rounds read is kept, and read from there. */
export function clusterOver(apiServer: ApiClient, timers: Timers, cilium: CiliumAccess): ClusterAccess {
  const signs = new ServerSigns(timers);
  const client = signs.of(apiServer);
  const opened: Opened = { client, signs, caches: undefined };
  return {
    ...readers(client),
    ...roundReaders(opened),
    ...writers(opened),
    ...birthTaintOf(client),
    cilium,
    watch(policy, onChange) {
      const caches = openClusterCaches({ client, timers, signs, policy, onChange });
      opened.caches = caches;
      return {
        close() {
          caches.closable.close();
          if (opened.caches === caches) opened.caches = undefined;
        },
      };
    },
    close: () => client.close(),
  };
}

/**
 * Access to the cluster of a kubeconfig file.
 * @throws AppError `kube.credential-refused`
 */
export function kubernetesCluster(kubeconfigPath: string, limits: CredentialLimits): ClusterAccess {
  const credential = readCredential(kubeconfigPath, limits);
  const client = apiClient(credential);
  return clusterOver(client, systemTimers, kubernetesCilium(client, credential));
}
