import { AppError, type Instant, type NodeRollout } from "@hostrouting/domain";
import type { ClusterAccess, SandboxFailure, V1Pod } from "@hostrouting/kube";
import type { ClusterObservation, SandboxTrouble } from "@hostrouting/rollout";

/** What was seen of switched nodes' sandboxes, by node UID, and when (database time). `isForbidden`: the kubelets' words may not be read. */
export type SandboxMemory = {
  readonly at: Instant;
  readonly troubles: ReadonlyMap<string, SandboxTrouble>;
  readonly isForbidden: boolean;
};

/** A kubelet tries again every ten seconds or so. */
const FRESH_MS = 10_000;
/** What breaks with a switch shows at the next pods; a node that has been on for longer is looked at no more. */
const AFTER_SWITCH_MS = 10 * 60_000;
/** Pods that a message names. */
const NAMED_MAX = 3;

/** Nodes that were switched a moment ago. */
export function justSwitched(records: readonly NodeRollout[], now: Instant): readonly NodeRollout[] {
  return records.filter(({ phase, since }) => phase === "Soaking" || (phase === "Enabled" && now - since < AFTER_SWITCH_MS));
}

const timeOf = (time: unknown): number => (time === undefined ? Number.NaN : new Date(time as string).getTime());

function hasSandbox({ status }: V1Pod): boolean {
  const isMade = status?.conditions?.some(({ type, status: said }) => type === "PodReadyToStartContainers" && said === "True");
  return (status?.podIP ?? "") !== "" || isMade === true;
}

/**
 * Whether a node makes no sandboxes any more: of the pods that came to it since, some are without one, as its kubelet says, and none has got one. A pod that
 * is without for reasons of its own (a volume, its image) has no such Event, or others beside it are started. Pods of the node's own network prove nothing. Pure.
 */
export function sandboxTrouble(
  pods: readonly V1Pod[],
  failures: ReadonlyMap<string, SandboxFailure>,
  since: Instant,
): SandboxTrouble | undefined {
  const came = pods.filter(
    ({ metadata, spec, status }) =>
      timeOf(metadata?.creationTimestamp) >= since &&
      metadata?.deletionTimestamp === undefined &&
      spec?.hostNetwork !== true &&
      status?.phase !== "Succeeded" &&
      status?.phase !== "Failed",
  );
  const failing = came.filter(({ metadata }) => failures.has(metadata?.uid ?? ""));
  const [first] = failing;
  if (first === undefined || came.some(hasSandbox)) return undefined;
  return {
    pods: failing.slice(0, NAMED_MAX).map(({ metadata }) => `${metadata?.namespace}/${metadata?.name}`),
    podCount: failing.length,
    message: failures.get(first.metadata?.uid ?? "")?.message ?? "",
  };
}

async function readFailures(access: Pick<ClusterAccess, "listSandboxFailures">): Promise<readonly SandboxFailure[] | "Forbidden"> {
  try {
    return await access.listSandboxFailures();
  } catch (error) {
    // A right that is missing is no outage; PF-054 asks for it before anything is switched on.
    if (error instanceof AppError && error.code === "kube.forbidden") return "Forbidden";
    throw error;
  }
}

/**
 * Looks whether nodes that were just switched make sandboxes: one request in ten seconds, and one more for each node of which a kubelet says that it does not.
 * @throws AppError of ClusterAccess
 */
export async function readSandboxes(
  access: Pick<ClusterAccess, "listSandboxFailures" | "listPodsOn">,
  switched: readonly NodeRollout[],
  { memory, now }: { readonly memory: SandboxMemory | undefined; readonly now: Instant },
): Promise<SandboxMemory | undefined> {
  if (switched.length === 0) return undefined;
  if (memory !== undefined && now - memory.at < FRESH_MS) return memory;
  const said = await readFailures(access);
  if (said === "Forbidden") return { at: now, troubles: new Map(), isForbidden: true };
  const byNode = Map.groupBy(said, ({ node }) => node);
  const looks = switched.flatMap(({ node, uid, since }) => {
    const failures = byNode.get(node);
    return failures === undefined ? [] : [{ node, uid, since, failures: new Map(failures.map((one) => [one.podUid, one])) }];
  });
  const troubles = await Promise.all(
    looks.map(async ({ node, uid, since, failures }) => {
      const trouble = sandboxTrouble(await access.listPodsOn(node), failures, since);
      return trouble === undefined ? [] : [[uid as string, trouble] as const];
    }),
  );
  return { at: now, troubles: new Map(troubles.flat()), isForbidden: false };
}

/** What was observed, with what is wrong with nodes' sandboxes. */
export function withSandboxes(observed: ClusterObservation, seen: SandboxMemory | undefined): ClusterObservation {
  if (seen === undefined || seen.troubles.size === 0) return observed;
  return { ...observed, nodes: observed.nodes.map((node) => ({ ...node, sandboxes: seen.troubles.get(node.uid) })) };
}
