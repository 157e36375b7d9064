import type { ClusterId, FencingToken, NodeRollout, Operation } from "@hostrouting/domain";
import { CORDONED_BY_ANNOTATION, ENABLED_LABEL, type ClusterAccess } from "@hostrouting/kube";
import type { ClusterLease, RoundRecord } from "@hostrouting/store";
import type { RoundDeps } from "../../services/rollout-worker/src/cluster-round.ts";
import type { Given, PlantedBug, SimulatedWorld } from "./simulated-world.ts";

/** A wrong product, the invariant that must notice, and within how many seeds. `given`: what it takes to meet it soon. */
export type Planted = {
  readonly bug: PlantedBug;
  readonly noticedBy: string;
  readonly withinSeeds: number;
  readonly given?: Given | undefined;
};

const withRounds = (deps: RoundDeps, rounds: Partial<RoundDeps["store"]["rounds"]>): RoundDeps => ({
  ...deps,
  store: { ...deps.store, rounds: over(deps.store.rounds, rounds) },
});
const withLeases = (deps: RoundDeps, leases: Partial<RoundDeps["store"]["leases"]>): RoundDeps => ({
  ...deps,
  store: { ...deps.store, leases: over(deps.store.leases, leases) },
});

/** Every access of a worker, changed. */
function withAccess(deps: RoundDeps, change: (access: ClusterAccess, id: ClusterId) => Partial<ClusterAccess>): RoundDeps {
  const get: RoundDeps["access"]["get"] = async (cluster) => {
    const access = await deps.access.get(cluster);
    return over(access, change(access, cluster.id));
  };
  return { ...deps, access: { ...deps.access, get } };
}

/** The same object with some members in place of its own; a spread would lose those of a proxy. */
function over<T extends object>(target: T, members: Partial<T>): T {
  return new Proxy(target, { get: (object, name) => Reflect.get(members, name) ?? (Reflect.get(object, name) as unknown) });
}

const changedNodes = (record: RoundRecord, change: (node: NodeRollout) => NodeRollout): RoundRecord => ({
  ...record,
  nodes: record.nodes.map(change),
});

const doubleLease: PlantedBug = (deps, { world }) =>
  withLeases(deps, {
    async acquire(clusterId, holder, durationMs) {
      const lease = await deps.store.leases.acquire(clusterId, holder, durationMs);
      return lease ?? (world.store.look().leases.get(clusterId) as ClusterLease);
    },
  });

/** A round is recorded under whichever token is the newest. */
const lostFence: PlantedBug = (deps, { world }) =>
  withRounds(deps, {
    record: (clusterId, _token, record) => {
      const token = world.store.look().leases.get(clusterId)?.token ?? (0 as FencingToken);
      return deps.store.rounds.record(clusterId, token, record);
    },
  });

const budgetOffByOne: PlantedBug = (deps) =>
  withRounds(deps, {
    async read(clusterId) {
      const round = await deps.store.rounds.read(clusterId);
      if (round === undefined) return undefined;
      return { ...round, rolloutPolicy: { ...round.rolloutPolicy, maxUnavailable: Number(round.rolloutPolicy.maxUnavailable ?? 1) + 1 } };
    },
  });

/** The label is written with the order, not after the report. */
const earlyLabel: PlantedBug = (deps) =>
  withAccess(deps, (access) => ({
    async applyNodeObject(node, spec) {
      await access.applyNodeObject(node, spec);
      if (spec.mode !== "BpfVeth") return;
      const { metadata } = (await access.listNodes()).find((each) => each.metadata?.uid === node.uid) ?? {};
      const { resourceVersion = "" } = metadata ?? {};
      await access.patchNode(node.name, { metadata: { uid: node.uid, resourceVersion, labels: { [ENABLED_LABEL]: "true" } } });
    },
  }));

/** Every cordon is taken for one of ours. */
const uncordonsOthers: PlantedBug = (deps) =>
  withAccess(deps, (access) => ({
    async listNodes() {
      const nodes = await access.listNodes();
      return nodes.map((node) => {
        if (node.spec?.unschedulable !== true) return node;
        return { ...node, metadata: { ...node.metadata, annotations: { [CORDONED_BY_ANNOTATION]: "op", ...node.metadata?.annotations } } };
      });
    },
  }));

const confirmsBeforeVerified: PlantedBug = (deps) =>
  withAccess(deps, (access) => ({
    applyNodeObject: (node, spec) => access.applyNodeObject(node, { ...spec, confirmedGeneration: spec.generation }),
  }));

/** Whose cordon it is stands in the worker's memory and nowhere else. */
const forgetsCordons: PlantedBug = (deps) => {
  const ours = new Set<string>();
  const access = withAccess(deps, (own) => ({
    async listNodes() {
      const nodes = await own.listNodes();
      return nodes.map((node) => {
        const { [CORDONED_BY_ANNOTATION]: by, ...annotations } = node.metadata?.annotations ?? {};
        return by === undefined || ours.has(node.metadata?.uid ?? "") ? node : { ...node, metadata: { ...node.metadata, annotations } };
      });
    },
    patchNode(name, patch) {
      if (typeof patch.metadata.annotations?.[CORDONED_BY_ANNOTATION] === "string") ours.add(patch.metadata.uid);
      return own.patchNode(name, patch);
    },
  }));
  return withRounds(access, {
    record: (clusterId, token, record) =>
      deps.store.rounds.record(
        clusterId,
        token,
        changedNodes(record, (node) => ({ ...node, cordonedByUs: node.cordonedByUs && node.phase === "Cordoning" })),
      ),
  });
};

/** What a round decided is written when the next one begins. */
const recordsAfterActing: PlantedBug = (deps) => {
  const late = new Map<ClusterId, () => Promise<unknown>>();
  return withRounds(deps, {
    async read(clusterId) {
      const write = late.get(clusterId);
      late.delete(clusterId);
      await write?.();
      return deps.store.rounds.read(clusterId);
    },
    async record(clusterId, token, record) {
      late.set(clusterId, () => deps.store.rounds.record(clusterId, token, record));
      return "Recorded";
    },
  });
};

/** A report counts whichever boot it speaks of. */
const countsStaleReports: PlantedBug = (deps) =>
  withAccess(deps, (access) => ({
    async listNodeObjects() {
      const nodes = new Map((await access.listNodes()).map((node) => [node.metadata?.name, node]));
      return (await access.listNodeObjects()).map((object) => {
        const node = nodes.get(object.metadata.name);
        const [nodeUID, bootID] = [node?.metadata?.uid ?? "", node?.status?.nodeInfo?.bootID ?? ""];
        if (object.status === undefined) return object;
        const spec = object.spec.mode === "BpfVeth" ? { ...object.spec, nodeUID, bootID } : object.spec;
        return { ...object, spec, status: { ...object.status, nodeUID, bootID, observedGeneration: spec.generation } };
      });
    },
  }));

/** An operation that has ended is given another end. */
const changesEnded: PlantedBug = (deps, { world }) =>
  withRounds(deps, {
    async record(clusterId, token, record) {
      const outcome = await deps.store.rounds.record(clusterId, token, record);
      if (outcome === "Recorded" && record.operation?.phase === "Canceled") endAnew(world, record.operation.id);
      return outcome;
    },
  });

/** What goes back is said to be back as soon as it is on its way. */
const saysBackTooEarly: PlantedBug = (deps) =>
  withRounds(deps, {
    record(clusterId, token, record) {
      const { operation } = record;
      const ended = operation && isOnItsWayBack(operation) ? { ...record, operation: asBack(operation) } : record;
      return deps.store.rounds.record(clusterId, token, ended);
    },
  });

const isOnItsWayBack = ({ kind, phase }: Operation): boolean =>
  phase === "RollingBack" || (kind === "RollbackHostRouting" && phase === "Rolling");

function asBack(operation: Operation): Operation {
  if (operation.kind === "RollbackHostRouting") return { ...operation, phase: "Succeeded" };
  return { ...operation, phase: "Failed", error: { code: "RolledBack", message: "" } };
}

/** An upgrade ends as soon as its nodes are on their way. */
const leavesNodesBehind: PlantedBug = (deps) =>
  withRounds(deps, {
    record(clusterId, token, record) {
      const { operation } = record;
      const isRolling = operation?.kind === "UpgradeBundle" && operation.phase === "Rolling";
      return deps.store.rounds.record(
        clusterId,
        token,
        isRolling ? { ...record, operation: { ...operation, phase: "Succeeded" } } : record,
      );
    },
  });

/** A node that nobody has heard of is said to be on the stack. */
const takesUnknownForOff: PlantedBug = (deps) =>
  withRounds(deps, {
    record(clusterId, token, record) {
      const nodes = record.status.nodes.map((node) =>
        node.effectiveMode === "Unknown" ? { ...node, effectiveMode: "Legacy" as const } : node,
      );
      return deps.store.rounds.record(clusterId, token, { ...record, status: { ...record.status, nodes } });
    },
  });

/** All agents are replaced when one is to be. */
const replacesAllAgents: PlantedBug = (deps) =>
  withAccess(deps, (access) => ({
    async deletePod(namespace, name) {
      await access.deletePod(namespace, name);
      for (const { metadata } of await access.listBundlePods()) await access.deletePod(namespace, metadata?.name ?? "");
    },
  }));

/** Nobody looks at the cluster's maintenance windows. */
const forgetsWindows: PlantedBug = (deps) =>
  withRounds(deps, {
    async read(clusterId) {
      const round = await deps.store.rounds.read(clusterId);
      return round && { ...round, maintenance: {} };
    },
  });

/** A webhook that says to wait, or nothing, is taken for a yes. */
const takesSilenceForYes: PlantedBug = (deps) => ({
  ...deps,
  async askWebhook(hook, question) {
    const answer = await deps.askWebhook(hook, question);
    return answer.verdict === "Reject" ? answer : { verdict: "Continue", reason: "" };
  },
});

/** There is a place for everybody. */
const letsEverybodyIn: PlantedBug = (deps) =>
  withRounds(deps, {
    admission: async () => ({ kind: "Admitted" }),
    record(clusterId, token, { takesPlace: _limits, ...record }) {
      return deps.store.rounds.record(clusterId, token, record);
    },
  });

function endAnew(world: SimulatedWorld, id: NonNullable<RoundRecord["operation"]>["id"]): void {
  const operations = world.store.look().operations as Map<typeof id, NonNullable<RoundRecord["operation"]>>;
  const operation = operations.get(id);
  if (operation !== undefined) operations.set(id, { ...operation, phase: "Succeeded" });
  world.store.version += 1;
}

/** Pods are deleted where they should be evicted. */
const deletesInsteadOfEvicting: PlantedBug = (deps) =>
  withAccess(deps, (access) => ({
    async evict(pod) {
      await access.deletePod(pod.namespace, pod.name);
      return { kind: "Evicted" };
    },
  }));

/** An order is followed by the one that it replaced. */
const repeatsOrders: PlantedBug = (deps) => {
  const before = new Map<string, Parameters<ClusterAccess["applyNodeObject"]>[1]>();
  return withAccess(deps, (access) => ({
    async applyNodeObject(node, spec) {
      const replaced = before.get(node.uid);
      before.set(node.uid, spec);
      await access.applyNodeObject(node, spec);
      if (replaced !== undefined) await access.applyNodeObject(node, { ...replaced, fencingToken: spec.fencingToken });
    },
  }));
};

/** A cluster that failed once is never due again. */
const forgetsClusters: PlantedBug = (deps) => withRounds(deps, { due: async () => [], read: () => Promise.reject(new Error("lost")) });

const failing: Given = {
  policy: { onFailure: "Rollback", maxFailedNodes: 0, attemptsMax: 1, gates: [] },
  faults: ["ConfirmMissed", "ProbesFail", "AgentSilent"],
  hasWindows: false,
};
const releasing: Given = { policy: { bundleUpgrade: "Auto" }, faults: ["NewRelease"] };
const onePlace: Given = { policy: { gates: [] }, faults: [], hasWindows: false, admission: { global: 1, subscription: 1, region: 1 } };
const windowed: Given = { policy: { maintenance: "Honor", gates: [] }, faults: [], hasWindows: true };
const asking: Given = {
  policy: {
    gates: [{ id: "checks", at: "BeforeCluster", kind: "Webhook", url: "https://checks.example/", timeoutSeconds: 5, intervalSeconds: 5 }],
  },
  faults: [],
  hasWindows: false,
};

/** What is planted, by name. */
export const plantedBugs: Readonly<Record<string, Planted>> = {
  "two workers hold one lease": { bug: doubleLease, noticedBy: "I3", withinSeeds: 10 },
  "a round is recorded past its fence": { bug: lostFence, noticedBy: "I3", withinSeeds: 100 },
  "the budget is off by one": { bug: budgetOffByOne, noticedBy: "I4", withinSeeds: 10 },
  "a node is labelled with its order": { bug: earlyLabel, noticedBy: "I6", withinSeeds: 10 },
  "a node nobody has heard of is said to be off": {
    bug: takesUnknownForOff,
    noticedBy: "no status",
    withinSeeds: 20,
    given: { faults: ["NodeObjectDeleted", "AgentSilent"] },
  },
  "what others cordoned is uncordoned": { bug: uncordonsOthers, noticedBy: "I7", withinSeeds: 20 },
  "a switch is confirmed before it is verified": { bug: confirmsBeforeVerified, noticedBy: "I5", withinSeeds: 10 },
  "a crash forgets whose cordon it is": { bug: forgetsCordons, noticedBy: "I7", withinSeeds: 40 },
  "a decision is recorded after it was carried out": { bug: recordsAfterActing, noticedBy: "what is done", withinSeeds: 10 },
  "a report of an earlier boot counts": { bug: countsStaleReports, noticedBy: "I[45]", withinSeeds: 40 },
  "an ended operation ends anew": { bug: changesEnded, noticedBy: "I10", withinSeeds: 20 },
  "pods are deleted past their budget": { bug: deletesInsteadOfEvicting, noticedBy: "I11", withinSeeds: 10 },
  "a rollback ends before every node is back": {
    bug: saysBackTooEarly,
    noticedBy: "what was rolled back",
    withinSeeds: 10,
    given: failing,
  },
  "an upgrade leaves nodes behind": { bug: leavesNodesBehind, noticedBy: "bundles", withinSeeds: 10, given: releasing },
  "all agents are replaced at once": { bug: replacesAllAgents, noticedBy: "bundles", withinSeeds: 10, given: releasing },
  "nodes are started outside of their windows": {
    bug: forgetsWindows,
    noticedBy: "no node is started outside",
    withinSeeds: 5,
    given: windowed,
  },
  "a webhook's silence is taken for a yes": { bug: takesSilenceForYes, noticedBy: "no gate", withinSeeds: 10, given: asking },
  "everybody is let in": { bug: letsEverybodyIn, noticedBy: "places", withinSeeds: 8, given: onePlace },
  "an order that was replaced is given again": { bug: repeatsOrders, noticedBy: "a node's orders", withinSeeds: 5 },
  "nobody looks after a cluster": { bug: forgetsClusters, noticedBy: "I13", withinSeeds: 5 },
};
