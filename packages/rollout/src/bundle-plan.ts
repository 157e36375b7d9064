import { nextGeneration } from "./agent-report.ts";
import { isInFlight } from "./budget.ts";
import type { ConfigIntent, Intent } from "./intent.ts";
import type { Outcome, Round, RoundNode } from "./round.ts";
import type { WaitDraft } from "./waits.ts";

type ConfigMode = ConfigIntent["mode"];

/** Brings HostRoutingConfig to a mode, unless it is there already. */
function applyConfig(round: Round, mode: ConfigMode): readonly Intent[] {
  const { observed, snapshot } = round;
  const { config } = observed;
  const { generation } = snapshot.cluster;
  if (config?.mode === mode && config.generation === generation && config.bundleDigest === snapshot.bundle.digest) return [];
  return [
    {
      kind: "ApplyConfig",
      mode,
      generation,
      bundleDigest: snapshot.bundle.digest,
      podCidrs: snapshot.network.podCidrs,
      serviceCidrs: snapshot.network.serviceCidrs,
      rulesetVersion: snapshot.policy.ruleset,
    },
  ];
}

/**
 * What must be in the cluster before a node can be switched: the configuration, the bundle, and for each node an object that asks it to
 * observe. Nodes that were already asked for something, or are in this very round, are left alone: `Observe` would take them back to the stack.
 */
export function installBundle(
  round: Round,
  stepped: Pick<Outcome, "nodes" | "intents">,
  mode: ConfigMode,
): { nodes: readonly RoundNode[]; intents: readonly Intent[] } {
  const { observed, snapshot, owner } = round;
  const { bundle } = observed;
  const current =
    bundle !== undefined && !bundle.deleting && bundle.digest === snapshot.bundle.digest && bundle.image === snapshot.bundle.image;
  const intents: Intent[] = [...applyConfig(round, mode), ...(current ? [] : [{ kind: "EnsureBundle", bundle: snapshot.bundle } as const])];
  const ordered = new Set(stepped.intents.flatMap((intent) => (intent.kind === "WriteNodeSpec" ? [intent.uid] : [])));
  const invited = stepped.nodes.map((node) => {
    const { record, seen } = node;
    const asked = seen.spec !== undefined && seen.spec.nodeUID === seen.uid && seen.spec.bootID === seen.bootId;
    const atRest = record.phase === "Pending" || record.phase === "Disabled" || record.phase === "Failed";
    if (!atRest || seen.ineligible !== undefined || asked || ordered.has(seen.uid)) return node;
    const generation = nextGeneration(record, seen);
    intents.push({
      kind: "WriteNodeSpec",
      node: seen.name,
      uid: seen.uid,
      spec: {
        mode: "Observe",
        generation,
        fencingToken: owner.token,
        operationId: owner.operationId,
        nodeUID: seen.uid,
        bootID: seen.bootId,
        bundleDigest: snapshot.bundle.digest,
        confirmSeconds: snapshot.policy.confirmSeconds,
        confirmedGeneration: 0,
      },
    });
    return { seen, record: { ...record, switchGeneration: generation } };
  });
  return { nodes: invited, intents };
}

/** Somebody removed the bundle while nodes are in flight: only an agent can bring them to a safe point, whatever the operation does. */
export function replaceBundle({ observed, snapshot }: Round, outcome: Pick<Outcome, "nodes" | "intents">): readonly Intent[] {
  const isThere = observed.bundle !== undefined && !observed.bundle.deleting;
  const isNeeded = outcome.nodes.some(({ record }) => isInFlight(record.phase));
  const isOnItsWay = outcome.intents.some(({ kind }) => kind === "EnsureBundle");
  return isThere || !isNeeded || isOnItsWay ? [] : [{ kind: "EnsureBundle", bundle: snapshot.bundle }];
}

/** Takes the bundle out of the cluster: node objects and mode first, then the DaemonSet, then its pods must be gone. */
export function removeBundle(round: Round): { intents: readonly Intent[]; waits: readonly WaitDraft[]; isDone: boolean } {
  const { observed } = round;
  const waiting = (message: string): readonly WaitDraft[] => [{ reason: "RemovingBundle", subject: "cluster", message }];
  const intents: Intent[] = [
    ...(observed.config === undefined ? [] : applyConfig(round, "None")),
    ...observed.nodeObjects.map((node) => ({ kind: "DeleteNodeObject", node }) as const),
  ];
  if (intents.length > 0) return { intents, waits: waiting("Removing the nodes' objects."), isDone: false };
  if (observed.bundle !== undefined)
    return {
      intents: observed.bundle.deleting ? [] : [{ kind: "RemoveBundle" }],
      waits: waiting("Removing the bundle's DaemonSet."),
      isDone: false,
    };
  if (observed.bundlePods > 0) return { intents: [], waits: waiting(`${observed.bundlePods} pods of the bundle are left.`), isDone: false };
  return { intents: [], waits: [], isDone: true };
}
