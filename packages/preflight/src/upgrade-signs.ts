import { namedAndMore } from "@hostrouting/domain";
import type { ClusterFacts, NodeFacts } from "./facts.ts";

/** What a cluster says of itself while an operation of ours is under way on it. */
const OWN: ReadonlySet<ClusterFacts["provisioningState"]> = new Set(["Creating", "Updating", "Deleting"]);

/** Something that is under way: what it is about, and what was read of it. */
export type Sign = { readonly subject: string; readonly evidence: string };

/** The cluster or pools that ARM does not call Succeeded. Our own operation is not "something else". Pure. */
export function unsettled(facts: Pick<ClusterFacts, "provisioningState" | "ownOperation" | "poolStates">): readonly Sign[] {
  const { provisioningState, ownOperation, poolStates } = facts;
  const isBusy = provisioningState !== "Succeeded" && !(ownOperation && OWN.has(provisioningState));
  const pools = Object.entries(poolStates).filter(([, state]) => state !== "Succeeded");
  return [
    ...(isBusy ? [{ subject: "cluster", evidence: `cluster: ${provisioningState}` }] : []),
    ...pools.map(([pool, state]) => ({ subject: pool, evidence: `pool ${pool}: ${state}` })),
  ];
}

/** Nodes that an upgrade has marked, and pools whose nodes' kubelets differ in version: AKS gives one version to all nodes of a pool. Pure. */
export function upgradedNodes(nodes: readonly NodeFacts[]): readonly Sign[] {
  const marked = nodes
    .filter(({ upgradeStatus }) => upgradeStatus !== "")
    .map(({ name, upgradeStatus }) => ({
      subject: `node ${name}`,
      evidence: `${name}: kubernetes.azure.com/upgrade-status: ${upgradeStatus}`,
    }));
  const byPool = Map.groupBy(
    nodes.filter(({ pool, kubeletVersion }) => pool !== "" && kubeletVersion !== ""),
    ({ pool }) => pool,
  );
  const mixed = [...byPool].flatMap(([pool, members]) => {
    const versions = [...new Set(members.map(({ kubeletVersion }) => kubeletVersion))].toSorted();
    return versions.length < 2 ? [] : [{ subject: `pool ${pool}`, evidence: `pool ${pool}: kubelets ${versions.join(", ")}` }];
  });
  return [...marked, ...mixed];
}

/** What shows that the control plane or a pool is being upgraded, or was left half-way, as a sentence; nothing when nothing does. Pure. */
export function upgradeUnderWay(
  facts: Pick<ClusterFacts, "provisioningState" | "ownOperation" | "poolStates" | "nodes">,
): string | undefined {
  const signs = [...unsettled(facts), ...(facts.nodes.known ? upgradedNodes(facts.nodes.value) : [])];
  if (signs.length === 0) return undefined;
  const named = namedAndMore(
    signs.map(({ evidence }) => evidence),
    { most: SIGNS_MAX, between: "; " },
  );
  return `The cluster or its nodes are being upgraded: ${named}.`;
}

/** Enough to act on. */
const SIGNS_MAX = 10;
