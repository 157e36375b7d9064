import type { Instant, NodeRollout, RolloutPolicy } from "@hostrouting/domain";
import {
  CILIUM_OBJECT_PREFIX,
  type CiliumConfigMap,
  type CiliumNodeConfigObject,
  type ClusterAccess,
  type V1Node,
  type V1Pod,
} from "@hostrouting/kube";
import type { CiliumFacts, Known } from "@hostrouting/preflight";
import { ciliumReport, type BirthTaintState, type CiliumWord, type NodeObservation } from "@hostrouting/rollout";
import { fits } from "../observe/label-selector.ts";
import { nodeFacts, nodeObservation } from "../observe/node-observation.ts";
import { podsToEvict, readBirthTaint, readPolicy, type ObservedCluster } from "../observe/observe-cluster.ts";
import { agentPodOf, agentsByNode } from "./agent-pods.ts";
import { WORD_FRESH_MS, type CiliumWords } from "./cilium-words.ts";
import { isOurs, nodeOf, parseOrder } from "./node-order.ts";

/** Why a node is left alone: its Cilium routes by eBPF though nobody of ours asked. */
const ROUTES_BY_ITSELF = "HostRoutingByCilium";

/** What a look at a cluster with a Cilium of its own needs besides access. */
export type CiliumLook = {
  readonly records: readonly NodeRollout[];
  readonly policy: Pick<RolloutPolicy, "verifyIntervalMs">;
  readonly words: CiliumWords;
  /** The admission policy, while what was seen of it is fresh; read where it is absent. */
  readonly birthTaint: BirthTaintState | undefined;
  readonly now: Instant;
};

type Seen = {
  readonly agents: ReadonlyMap<string, V1Pod>;
  readonly orders: ReadonlyMap<string, CiliumNodeConfigObject>;
  readonly words: ReadonlyMap<string, CiliumWord>;
};

/**
 * Looks at a cluster with a Cilium of its own once. Nodes whose switch is being verified are asked as often as that wants, others when their agent is new.
 * @throws AppError of ClusterAccess; an agent that does not answer is no fault
 */
export async function observeCilium(access: ClusterAccess, look: CiliumLook): Promise<ObservedCluster> {
  const { cilium } = access;
  const [nodes, objects, pods, config, leaving, policy, birthTaint] = await Promise.all([
    access.listNodes(),
    cilium.listNodeConfigs(),
    cilium.listAgents(),
    cilium.readConfig(),
    podsToEvict(access, look.records),
    readPolicy(access),
    look.birthTaint ?? readBirthTaint(access),
  ]);
  const verifying = new Set(look.records.filter(({ phase }) => phase === "Verifying").map(({ node }) => node as string));
  const freshMs = (pod: V1Pod): number => (verifying.has(pod.spec?.nodeName ?? "") ? look.policy.verifyIntervalMs : WORD_FRESH_MS);
  const words = await look.words.read(cilium, pods, { now: look.now, freshMs });
  const ours = objects.filter(isOurs);
  const seen: Seen = { agents: agentsByNode(pods), orders: new Map(ours.map((object) => [nodeOf(object), object])), words };
  const observed = nodes.map((node) => observation(node, seen, leaving.get(node.metadata?.name ?? "")));
  return {
    observed: { nodes: observed, nodeObjects: [...seen.orders.keys()], config: undefined, bundle: undefined, bundlePods: 0, birthTaint },
    facts: nodes.map((node) => nodeFacts(node, undefined, undefined)),
    cilium: ciliumFacts({ config, objects: objects.filter((object) => !isOurs(object)), nodes }, seen),
    policy,
  };
}

function observation(node: V1Node, { agents, orders, words }: Seen, leaving: NodeObservation["podsToEvict"]): NodeObservation {
  const plain = nodeObservation(node, { object: undefined, bundlePod: undefined, podsToEvict: leaving });
  const object = orders.get(plain.name);
  const order = object && parseOrder(object, { uid: plain.uid, hostname: plain.hostname });
  const agentPod = agentPodOf(agents.get(plain.name));
  // An object outlives boots, and an agent reads it again after each.
  const spec = order && { ...order.spec, bootID: plain.bootId };
  const view = { ...plain, agentPod, spec, replacesPod: order?.replacesPod, word: agentPod && words.get(agentPod.uid) };
  const { word: _word, ...shown } = view;
  const report = ciliumReport(view);
  return { ...shown, report, ineligible: plain.ineligible ?? (report?.byItself === true ? ROUTES_BY_ITSELF : undefined) };
}

type Read = {
  readonly config: CiliumConfigMap | undefined;
  readonly objects: readonly CiliumNodeConfigObject[];
  readonly nodes: readonly V1Node[];
};

function ciliumFacts({ config, objects, nodes }: Read, { agents, orders, words }: Seen): Known<CiliumFacts> {
  const fitting = ({ spec }: CiliumNodeConfigObject): readonly string[] =>
    nodes.filter(({ metadata }) => fits(spec.nodeSelector, metadata?.labels ?? {})).map(({ metadata }) => metadata?.name ?? "");
  const overrides = objects
    .map((object) => {
      const name = object.metadata.name ?? "";
      return { name, defaults: object.spec.defaults ?? {}, nodes: fitting(object), winsOverOurs: name > CILIUM_OBJECT_PREFIX };
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const value: CiliumFacts = {
    config: config && { data: config.data, writers: writersOf(config) },
    overrides,
    agents: [...agents].map(([node, pod]) => ({
      node,
      hostRouting: words.get(pod.metadata?.uid ?? "")?.hostRouting ?? "Unknown",
      readsNodeConfigs: readsNodeConfigs(pod),
      isOrdered: orders.has(node),
    })),
  };
  return { known: true, value };
}

/** Who wrote which keys of the configuration (`metadata.managedFields`, fields `f:data`); undefined where the API server does not tell. */
function writersOf({ metadata }: CiliumConfigMap): NonNullable<CiliumFacts["config"]>["writers"] {
  if (metadata.managedFields === undefined) return undefined;
  const keys = new Map<string, string[]>();
  for (const { manager = "unknown", fieldsV1 } of metadata.managedFields) {
    const data = (fieldsV1 as Readonly<Record<string, object>> | undefined)?.["f:data"] ?? {};
    const named = Object.keys(data).filter((key) => key.startsWith("f:"));
    if (named.length > 0) keys.set(manager, [...(keys.get(manager) ?? []), ...named.map((key) => key.slice("f:".length))]);
  }
  return [...keys].map(([name, list]) => ({ name, keys: list }));
}

/** Whether the pod puts its configuration together from `cilium-config` and CiliumNodeConfigs before its agent starts; managed Cilium mounts the config map as it is. */
function readsNodeConfigs({ spec }: V1Pod): boolean {
  return (spec?.initContainers ?? []).some(({ command = [], args = [] }) =>
    [...command, ...args].some((word) => word.includes("build-config")),
  );
}
