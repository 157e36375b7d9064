import {
  type AnalysisStatus,
  productionPolicy,
  type HostRoutingNodeStatus,
  type HostRoutingStatus,
  type HostRoutingWarning,
  type ManagedCluster,
  type ManagedPolicyStatus,
  type Operation,
  type PolicyDrift,
  type RolloutPolicy,
  type Wait,
} from "@hostrouting/domain";
import { toOperationState } from "./operation-wire.ts";
import { policyEtag } from "./policy-etag.ts";
import { HOST_ROUTING_TYPE, clusterResourceId } from "./resource-ids.ts";

/** What is shown of a cluster's host routing, read from the store. */
export type HostRoutingFacts = {
  readonly cluster: ManagedCluster;
  /** What the worker saw last; absent until it has looked for the first time. */
  readonly status: HostRoutingStatus | undefined;
  readonly rolloutPolicy: Partial<RolloutPolicy>;
  /** The running operation, or else the last one. */
  readonly operation: Operation | undefined;
};

const iso = (at: number): string => new Date(at).toISOString();
const idOf = (cluster: ManagedCluster): string => `${clusterResourceId(cluster)}/hostRoutings/default`;

/** Nobody has looked yet: unknown is shown as unknown. */
const UNSEEN = {
  effectiveMode: "Unknown",
  state: "Unknown",
  health: "Unknown",
  conditions: [],
  nodeCounts: {},
  waits: [],
} as const;

function toWait(wait: Wait): Readonly<Record<string, unknown>> {
  const { since, until, ...rest } = wait;
  return { ...rest, since: iso(since), ...(until !== undefined && until !== null && { until: iso(until) }) };
}

/** One of `hostRoutings/default/warnings`. */
export function toWarning({ firstSeen, ...warning }: HostRoutingWarning): Readonly<Record<string, unknown>> {
  return { ...warning, ...(firstSeen !== undefined && { firstSeen: iso(firstSeen) }) };
}

/** Until somebody has looked there is a name and a mode. */
function toPolicy(policy: ManagedPolicyStatus | undefined, { policyMode }: RolloutPolicy) {
  const { name = "block-azure-destinations", mode = policyMode, state = "NotManaged", message = "", drift = [] } = policy ?? {};
  return { name, mode, state, message, drift: drift.map(toDrift) };
}

function toDrift({ path, desired, observed, manager, firstSeen, correctedAt }: PolicyDrift): Readonly<Record<string, unknown>> {
  return {
    path,
    ...(desired !== undefined && { desired }),
    ...(observed !== undefined && { observed }),
    ...(manager !== undefined && { manager }),
    firstSeen: iso(firstSeen),
    ...(correctedAt !== undefined && { correctedAt: iso(correctedAt) }),
  };
}

function toAnalysis({ nodes, benefit }: AnalysisStatus): Readonly<Record<string, unknown>> {
  return { nodes: nodes.map(({ since, ...node }) => ({ ...node, since: iso(since) })), benefit };
}

function toOperation(operation: Operation): Readonly<Record<string, unknown>> {
  return {
    id: operation.id,
    kind: operation.kind,
    phase: operation.phase,
    percentComplete: operation.percentComplete,
    startTime: iso(operation.startedAt),
    ...(operation.endedAt !== undefined && { endTime: iso(operation.endedAt) }),
    ...(operation.error && { error: operation.error }),
  };
}

function toBundle({ digest, offered, heldBack }: NonNullable<HostRoutingStatus["bundle"]>): Readonly<Record<string, unknown>> {
  return { digest, ...(offered !== undefined && { offered }), ...(heldBack !== undefined && { heldBack }) };
}

/** `hostRoutings/default`. Shows what the worker recorded and adds nothing of its own. */
export function toHostRoutingBody(facts: HostRoutingFacts): Readonly<Record<string, unknown>> & { readonly etag: string } {
  const { cluster, operation } = facts;
  const rolloutPolicy = { ...productionPolicy, ...facts.rolloutPolicy };
  const { effectiveMode, state, health, conditions, nodeCounts, waits } = facts.status ?? UNSEEN;
  return {
    id: idOf(cluster),
    name: "default",
    type: HOST_ROUTING_TYPE,
    etag: policyEtag(facts.rolloutPolicy),
    properties: {
      // Of the resource, not of the rollout: the policy is written in the request that changes it, and pollers and templates wait for no more.
      provisioningState: "Succeeded",
      desiredMode: cluster.desiredMode,
      effectiveMode,
      driver: cluster.driver,
      state,
      health,
      conditions,
      nodeCounts,
      ...(facts.status?.bundle && { bundle: toBundle(facts.status.bundle) }),
      ...(operation && { operation: toOperation(operation) }),
      waits: waits.map(toWait),
      warnings: (facts.status?.warnings ?? []).map(toWarning),
      policy: toPolicy(facts.status?.policy, rolloutPolicy),
      ...(facts.status?.disruption && { disruption: facts.status.disruption }),
      ...(facts.status?.analysis && { analysis: toAnalysis(facts.status.analysis) }),
      rolloutPolicy,
    },
  };
}

/** One of `hostRoutings/default/nodes`. */
export function toHostRoutingNode(cluster: ManagedCluster, node: HostRoutingNodeStatus): Readonly<Record<string, unknown>> {
  const { name, fastShare, observedAt, ...rest } = node;
  return {
    id: `${idOf(cluster)}/nodes/${name}`,
    name,
    type: `${HOST_ROUTING_TYPE}/nodes`,
    properties: { ...rest, ...(fastShare !== undefined && { fastShare }), ...(observedAt !== undefined && { observedAt }) },
  };
}

/** One of `hostRoutings/default/operations`: what was asked for, by whom, and what became of it. */
export function toHostRoutingOperation(cluster: ManagedCluster, operation: Operation): Readonly<Record<string, unknown>> {
  const { id: name, ...shown } = toOperation(operation);
  const { mode, objectId, cancelRequested } = operation;
  return {
    id: `${idOf(cluster)}/operations/${operation.id}`,
    name,
    type: `${HOST_ROUTING_TYPE}/operations`,
    properties: { ...shown, mode, status: toOperationState(operation), cancelRequested, ...(objectId !== "" && { requestedBy: objectId }) },
  };
}

/** One of `hostRoutings/default/policies`. */
export function toHostRoutingPolicy(facts: Pick<HostRoutingFacts, "cluster" | "status" | "rolloutPolicy">) {
  const { name, ...properties } = toPolicy(facts.status?.policy, { ...productionPolicy, ...facts.rolloutPolicy });
  return {
    id: `${idOf(facts.cluster)}/policies/${name}`,
    name,
    type: `${HOST_ROUTING_TYPE}/policies`,
    properties: { name, ...properties },
  };
}
