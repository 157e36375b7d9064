import type { HostRoutingNodeSpec } from "@hostrouting/contracts";
import { AppError } from "@hostrouting/domain";
import type { EventObject } from "@hostrouting/events";
import type { V1DaemonSet, V1Node, V1Pod, V1PodDisruptionBudget } from "@kubernetes/client-node";
import { apiClient, failureOf, type ApiCall, type ApiClient } from "./api-client.ts";
import { watchCollection } from "./api-watch.ts";
import type {
  ClusterAccess,
  GrantedRules,
  HostRoutingConfigObject,
  HostRoutingNodeObject,
  PolicyWish,
  ServerVersion,
} from "./cluster-access.ts";
import { applyBirthTaint, readBirthTaint, removeBirthTaint } from "./cluster-birth-taint.ts";
import { writeEvent } from "./cluster-event.ts";
import { applyPolicy, policyCollection, policyPath, readPolicy } from "./cluster-policy.ts";
import { readCredential } from "./credential.ts";
import { evictionOutcome } from "./eviction-answer.ts";
import { kubernetesCilium } from "./kubernetes-cilium.ts";
import { eachPage } from "./paged-list.ts";
import { readRolloutLease, writeRolloutLease } from "./rollout-lease.ts";
import { API_VERSION, BUNDLE_NAME, BUNDLE_NAMESPACE, BUNDLE_SELECTOR, CONFIG_NAME, MANIFEST_MANAGER, ROLLOUT_MANAGER } from "./names.ts";

const NODES = "/api/v1/nodes";
const PODS = "/api/v1/pods";
const BUDGETS = "/apis/policy/v1/poddisruptionbudgets";
const BUNDLE_PODS = `/api/v1/namespaces/${BUNDLE_NAMESPACE}/pods`;
const DAEMONSETS = `/apis/apps/v1/namespaces/${BUNDLE_NAMESPACE}/daemonsets`;
const CONFIGS = `/apis/${API_VERSION}/hostroutingconfigs`;
const NODE_OBJECTS = `/apis/${API_VERSION}/hostroutingnodes`;
const BUNDLE_LABELS = Object.entries(BUNDLE_SELECTOR)
  .map(([key, value]) => `${key}=${value}`)
  .join(",");

const get = (path: string, query: ApiCall["query"] = {}): ApiCall => ({ method: "GET", path, query });

/** A list's items, typed by what the path stands for; the API server validates what it stores. */
async function list<T>(client: ApiClient, path: string, query: ApiCall["query"] = {}): Promise<readonly T[]> {
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
    listNodes: () => list<V1Node>(client, NODES),
    listNodeObjects: () => list<HostRoutingNodeObject>(client, NODE_OBJECTS),
    readConfig: () => orAbsent(client.call(get(`${CONFIGS}/${CONFIG_NAME}`)) as Promise<HostRoutingConfigObject>),
    readBundle: () => orAbsent(client.call(get(`${DAEMONSETS}/${BUNDLE_NAME}`)) as Promise<V1DaemonSet>),
    listBundlePods: () => list<V1Pod>(client, BUNDLE_PODS, { labelSelector: BUNDLE_LABELS }),
    readRolloutLease: () => readRolloutLease(client),
    readPolicy: (name: string) => readPolicy(client, name),
    readBirthTaint: (osImages: string) => readBirthTaint(client, osImages),
    eachPodPage: (onPage: (pods: readonly V1Pod[]) => void) => eachPage(client, PODS, onPage),
    async listBudgets(): Promise<readonly V1PodDisruptionBudget[]> {
      const budgets: V1PodDisruptionBudget[] = [];
      await eachPage<V1PodDisruptionBudget>(client, BUDGETS, (page) => budgets.push(...page));
      return budgets;
    },
    listPodsOn: (node: string) => list<V1Pod>(client, PODS, { fieldSelector: `spec.nodeName=${node}` }),
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

function writers(client: ApiClient) {
  const done = async (call: ApiCall): Promise<void> => void (await client.call(call));
  const remove = async (path: string): Promise<void> => void (await orAbsent(client.call({ method: "DELETE", path })));
  return {
    applyConfig: (spec: Parameters<ClusterAccess["applyConfig"]>[0]) =>
      done(
        apply(
          `${CONFIGS}/${CONFIG_NAME}`,
          { apiVersion: API_VERSION, kind: "HostRoutingConfig", metadata: { name: CONFIG_NAME }, spec },
          MANIFEST_MANAGER,
        ),
      ),
    applyBundle: (manifest: V1DaemonSet) => done(apply(`${DAEMONSETS}/${BUNDLE_NAME}`, manifest, MANIFEST_MANAGER)),
    tryBundle(manifest: V1DaemonSet): Promise<void> {
      const call = apply(`${DAEMONSETS}/${BUNDLE_NAME}`, manifest, MANIFEST_MANAGER);
      return done({ ...call, query: { ...call.query, dryRun: "All" } });
    },
    deleteBundle: () => remove(`${DAEMONSETS}/${BUNDLE_NAME}`),
    applyNodeObject: (node: { readonly name: string; readonly uid: string }, spec: HostRoutingNodeSpec) =>
      done(apply(`${NODE_OBJECTS}/${node.name}`, nodeObject(node, spec), ROLLOUT_MANAGER)),
    deleteNodeObject: (name: string) => remove(`${NODE_OBJECTS}/${name}`),
    patchNode: (name: string, patch: Parameters<ClusterAccess["patchNode"]>[1]) =>
      done({
        method: "PATCH",
        path: `${NODES}/${name}`,
        query: { fieldManager: ROLLOUT_MANAGER },
        body: patch,
        contentType: "application/merge-patch+json",
      }),
    writeRolloutLease: (wish: Parameters<ClusterAccess["writeRolloutLease"]>[0]) => writeRolloutLease(client, wish),
    applyPolicy: (policy: PolicyWish, how: Parameters<ClusterAccess["applyPolicy"]>[1]) => applyPolicy(client, policy, how),
    applyBirthTaint: (osImages: string) => applyBirthTaint(client, osImages),
    removeBirthTaint: () => removeBirthTaint(client),
    writeEvent: (event: EventObject) => writeEvent(client, event),
    deletePolicy: (name: string) => remove(policyPath(name)),
    evict: (pod: Parameters<ClusterAccess["evict"]>[0]) => evict(client, pod),
    deletePod: (namespace: string, name: string) => remove(`/api/v1/namespaces/${namespace}/pods/${name}`),
  };
}

/**
 * Access to the cluster of a kubeconfig file.
 * @throws AppError `kube.credential-refused`
 */
export function kubernetesCluster(kubeconfigPath: string): ClusterAccess {
  const credential = readCredential(kubeconfigPath);
  const client = apiClient(credential);
  return {
    ...readers(client),
    ...writers(client),
    cilium: kubernetesCilium(client, credential),
    watch(policy, onChange) {
      const collections = [...[NODES, NODE_OBJECTS, CONFIGS, BUNDLE_PODS].map((path) => ({ path })), policyCollection(policy)];
      const watches = collections.map((collection) => watchCollection(client, collection, onChange));
      return { close: () => watches.forEach((watch) => watch.close()) };
    },
    close: () => client.close(),
  };
}
