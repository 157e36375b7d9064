import { AppError, type Instant, type NodeRollout } from "@hostrouting/domain";
import {
  DIGEST_ANNOTATION,
  evictablePods,
  type ClusterAccess,
  type HostRoutingNodeObject,
  type V1DaemonSet,
  type V1Node,
  type V1Pod,
} from "@hostrouting/kube";
import { AZURE_DESTINATIONS_POLICY, type PolicyObservation } from "@hostrouting/policy";
import { SUPPORTED_OS_IMAGES, type CiliumFacts, type Known, type NodeFacts } from "@hostrouting/preflight";
import type { BirthTaintState, ClusterObservation, PodReference } from "@hostrouting/rollout";
import { bundlePodsByNode, nodeFacts, nodeObservation } from "./node-observation.ts";

/** What one look at a cluster gives: the engine's view, preflight's, and the object of the managed policy's name. */
export type ObservedCluster = {
  readonly observed: ClusterObservation;
  readonly facts: readonly NodeFacts[];
  /** What preflight wants to know of a Cilium of the cluster's own. */
  readonly cilium: Known<CiliumFacts>;
  readonly policy: PolicyObservation;
};

type Read = {
  readonly nodes: readonly V1Node[];
  readonly objects: readonly HostRoutingNodeObject[];
  readonly pods: readonly V1Pod[];
  readonly leaving: ReadonlyMap<string, readonly PodReference[]>;
};

function bundleOf(daemonSet: V1DaemonSet | undefined): ClusterObservation["bundle"] {
  if (daemonSet === undefined) return undefined;
  return {
    digest: daemonSet.metadata?.annotations?.[DIGEST_ANNOTATION] ?? "",
    image: daemonSet.spec?.template.spec?.containers[0]?.image ?? "",
    deleting: daemonSet.metadata?.deletionTimestamp !== undefined,
  };
}

/** The pods that must leave nodes which are being drained. */
export async function podsToEvict(access: ClusterAccess, records: readonly NodeRollout[]): Promise<Read["leaving"]> {
  const draining = records.filter((record) => record.phase === "Cordoning" || record.phase === "Draining");
  const lists = await Promise.all(
    draining.map(async (record) => [record.node as string, evictablePods(await access.listPodsOn(record.node))] as const),
  );
  return new Map(lists);
}

/** A right that is missing is no outage: everything else goes on, and what the policy would hold up says why. */
export async function readPolicy(access: ClusterAccess): Promise<PolicyObservation> {
  try {
    return await access.readPolicy(AZURE_DESTINATIONS_POLICY);
  } catch (error) {
    if (error instanceof AppError && error.code === "kube.forbidden") return { kind: "Unreadable", because: error.message };
    throw error;
  }
}

/** What was seen of the admission policy, and when (database time). */
export type BirthTaintMemory = { readonly at: Instant; readonly state: BirthTaintState };

/** Rounds of an operation follow one another within a second; what somebody does to the admission policy is seen as late as a drift of the network policy may be. */
const BIRTH_TAINT_FRESH_MS = 60_000;

/** What was remembered of the admission policy, while that is worth something; nothing when it is to be read. */
export function freshBirthTaint(memory: BirthTaintMemory | undefined, isBusy: boolean, now: Instant): BirthTaintMemory | undefined {
  return memory !== undefined && isBusy && now - memory.at < BIRTH_TAINT_FRESH_MS ? memory : undefined;
}

/** As with the policy: nobody waits for it, and the status says that nodes are not held back. */
export async function readBirthTaint(access: ClusterAccess): Promise<BirthTaintState> {
  try {
    return await access.readBirthTaint(SUPPORTED_OS_IMAGES);
  } catch (error) {
    if (error instanceof AppError && error.code === "kube.forbidden") return { kind: "Unreadable", because: error.message };
    throw error;
  }
}

/**
 * Looks at a cluster once; at the admission policy unless that is known. Pods are listed for nodes that are being drained only.
 * @throws AppError of ClusterAccess; a part that cannot be read makes the whole look fail, so that nothing is taken for absent.
 */
export async function observeCluster(
  access: ClusterAccess,
  records: readonly NodeRollout[],
  knownBirthTaint?: BirthTaintState,
): Promise<ObservedCluster> {
  const [nodes, objects, config, daemonSet, pods, leaving, policy, birthTaint] = await Promise.all([
    access.listNodes(),
    access.listNodeObjects(),
    access.readConfig(),
    access.readBundle(),
    access.listBundlePods(),
    podsToEvict(access, records),
    readPolicy(access),
    knownBirthTaint ?? readBirthTaint(access),
  ]);
  const byName = new Map(objects.map((object) => [object.metadata.name ?? "", object]));
  const podOf = bundlePodsByNode(pods);
  const nameOf = (node: V1Node): string => node.metadata?.name ?? "";
  return {
    observed: {
      nodes: nodes.map((node) =>
        nodeObservation(node, {
          object: byName.get(nameOf(node)),
          bundlePod: podOf.get(nameOf(node)),
          podsToEvict: leaving.get(nameOf(node)),
        }),
      ),
      nodeObjects: [...byName.keys()],
      config: config && {
        mode: config.spec.mode,
        generation: config.spec.generation,
        bundleDigest: config.spec.bundleDigest ?? "",
        emergencyOff: config.spec.emergencyOff ?? false,
      },
      bundle: bundleOf(daemonSet),
      bundlePods: pods.length,
      birthTaint,
    },
    facts: nodes.map((node) => nodeFacts(node, byName.get(nameOf(node)), podOf.get(nameOf(node)))),
    cilium: { known: false, because: "the cluster has no Cilium of its own" },
    policy,
  };
}
