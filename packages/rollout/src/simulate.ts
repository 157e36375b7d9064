import {
  as,
  developmentPolicy,
  isTerminal,
  type Admission,
  type Driver,
  NOT_READY_TAINT,
  type FencingToken,
  type Instant,
  type ManagedCluster,
  type NodeDisruptionRules,
  type NodeName,
  type NodeRequest,
  type NodeRollout,
  type NodeUid,
  type Operation,
  type OperationId,
  type OperationKind,
  type PolicyState,
  type RolloutPolicy,
  type StandingRules,
} from "@hostrouting/domain";
import { decide, type Decision } from "./decide.ts";
import type { Intent } from "./intent.ts";
import type {
  BirthTaintState,
  Bundle,
  ClusterObservation,
  ClusterSnapshot,
  EvictionRefusal,
  NodeObservation,
  PreflightVerdict,
} from "./snapshot.ts";
import { observeSimulatedAgent, runSimulatedAgent } from "./simulated-agent.ts";
import { SimulatedAzure } from "./simulated-azure.ts";
import { observeSimulatedCilium, runSimulatedCilium } from "./simulated-cilium.ts";
import { simulatedOperation } from "./simulated-operation.ts";
import { simulatedPolicy } from "./simulated-policy.ts";
import {
  inNamespace,
  newSimulatedNode,
  NO_SANDBOXES,
  patchSimulatedNode,
  type SimulatedCluster,
  type SimulatedNode,
} from "./simulated-node.ts";

/** Neither canaries nor batches nor a soak at the end, for whoever does not ask for them. */
const ALL_AT_ONCE = { analysisMode: "Off", canaryPerStratum: 0, batchPlan: [], finalSoakMs: 0 } as const;

/** A cluster without machines, for tests and forecasts: it applies what the engine intends and lets agents act once per round. */
export class Simulation {
  readonly nodes = new Map<string, SimulatedNode>();
  /** Evictions that each budget still allows. */
  readonly budgets = new Map<string, number>();
  /** What the worker would roll out. */
  offered: Bundle = { image: "bundle", digest: "digest" };
  /** Digests of bundles with which no node can be verified. */
  readonly badBundles = new Set<string>();
  policy: RolloutPolicy;
  /** What the rules that may be overridden say, asked in every round. */
  standing: (simulation: Simulation) => StandingRules = () => ({ warnings: [], warningIds: [], refusals: [] });
  disruption: NodeDisruptionRules = { policy: "Allow", configurations: {} };
  preflight: PreflightVerdict = { kind: "Passed", warnings: [] };
  /** What the store says of steps that failed. */
  faults: ClusterSnapshot["faults"];
  /** What the store says of the operation's turn. */
  admission: Admission = { kind: "Admitted" };
  /** What shows that the cluster is being upgraded. */
  clusterUpgrade: string | undefined;
  reachable = true;
  /** Whether the provider of the nodes has still to make them. */
  providing = false;
  emergencyOff = false;
  /** The object of the managed policy's name. A policy that somebody changed is put right unless it is contested. */
  networkPolicy: PolicyState = "Pending";
  birthTaint: BirthTaintState = { kind: "Absent" };
  /** What switches nodes with driver `aks-arm`; not looked at elsewhere. */
  readonly azure = new SimulatedAzure();
  nowMs = 1_000_000;
  operation: Operation | undefined;
  records: readonly NodeRollout[] = [];
  last: Decision | undefined;
  readonly #network: ClusterSnapshot["network"];
  #cluster: ManagedCluster;
  #config: ClusterObservation["config"];
  #bundle: ClusterObservation["bundle"];
  #refusals: readonly EvictionRefusal[] = [];
  #operations = 0;
  #ended: Operation | undefined;

  constructor(policy: Partial<RolloutPolicy> = {}, driver: Driver = "bundle", { network, generation = 1 }: SimulatedCluster = {}) {
    this.#network = network ?? { podCidrs: [], serviceCidrs: [] };
    this.policy = { ...developmentPolicy, ...ALL_AT_ONCE, ...policy };
    this.#cluster = {
      id: as("/subscriptions/s/resourcegroups/g/providers/microsoft.containerservice/managedclusters/c"),
      subscriptionId: "s",
      resourceGroup: "g",
      name: "c",
      location: "local",
      tags: {},
      envelope: {},
      properties: {},
      desiredMode: "None",
      generation,
      etag: "",
      provisioningState: "Succeeded",
      activeOperationId: undefined,
      provider: "simulated",
      driver,
      accessReference: "",
      systemData: {
        createdBy: "",
        createdByType: "User",
        createdAt: "",
        lastModifiedBy: "",
        lastModifiedByType: "User",
        lastModifiedAt: "",
      },
    };
  }

  /** Adds a Ready node on the stack. */
  addNode(name: string, uid = `uid-${name}`): SimulatedNode {
    const node = { ...newSimulatedNode(name, uid), agentDigest: this.#bundle?.digest };
    if (this.birthTaint.kind === "InSync") node.taints = [NOT_READY_TAINT];
    this.nodes.set(name, node);
    return node;
  }

  /** Somebody's wish, or the engine's own, to bring every node to the bundle that is offered. */
  upgrade(): void {
    this.request("BpfVeth", "UpgradeBundle");
  }

  /** Somebody's wish to take back what a switching on has switched, or what an upgrade has brought. */
  rollback(): void {
    const { bundles } = (this.operation ?? this.#ended)?.control ?? {};
    this.request(bundles === undefined ? "None" : "BpfVeth", "RollbackHostRouting");
    if (bundles !== undefined && this.operation !== undefined)
      this.operation = { ...this.operation, control: { bundles: { from: bundles.to, to: bundles.from } } };
  }

  /** Accepts a request; one that is under way is superseded. */
  request(mode: "BpfVeth" | "None", kind: OperationKind = mode === "BpfVeth" ? "EnableHostRouting" : "DisableHostRouting"): void {
    this.#operations += 1;
    const generation = this.#cluster.generation + 1;
    this.#cluster = { ...this.#cluster, desiredMode: mode, generation, provisioningState: "Updating" };
    const id = as<OperationId>(`op-${this.#operations}`);
    this.operation = simulatedOperation({ id, kind, mode, generation, startedAt: as<Instant>(this.nowMs) }, this.#cluster.id);
  }

  /** The user's wish to cancel what is under way. */
  cancel(): void {
    if (this.operation !== undefined) this.operation = { ...this.operation, cancelRequested: true };
  }

  /** Somebody's wish that no further node be started. */
  pause(): void {
    const pause = { reason: "Asked", message: "Asked for.", by: "" } as const;
    if (this.operation !== undefined) this.operation = { ...this.operation, control: { ...this.operation.control, pause } };
  }

  /** Somebody's wish for a node; one to try again without a name is for all that failed. */
  ask(request: NodeRequest): void {
    const { operation } = this;
    if (operation === undefined) return;
    this.operation = { ...operation, control: { ...operation.control, requests: [...(operation.control.requests ?? []), request] } };
  }

  /** Somebody's answer to a gate. */
  answer(gate: string, isApproved: boolean): void {
    const { operation } = this;
    if (operation === undefined) return;
    const answer = { gate, by: "somebody", comment: "looked at it" };
    const { approvals = [] } = operation.control;
    const control = isApproved ? { approvals: [...approvals, answer] } : { rejection: answer };
    this.operation = { ...operation, control: { ...operation.control, ...control } };
  }

  /** Somebody accepts that so many connections may break. */
  acknowledge(connections: number): void {
    const acknowledged = { connections, by: "somebody" };
    if (this.operation !== undefined) this.operation = { ...this.operation, control: { ...this.operation.control, acknowledged } };
  }

  /** A gate's webhook answers neither yes nor no. */
  hookSays(gate: string, said: string): void {
    if (this.operation !== undefined)
      this.operation = { ...this.operation, control: { ...this.operation.control, webhook: { gate, said } } };
  }

  /** Somebody's wish to go on. */
  resume(): void {
    if (this.operation !== undefined) this.operation = { ...this.operation, control: { ...this.operation.control, pause: undefined } };
  }

  /** The worker dies: what was stored is all that the next one has, and nobody looks for some seconds. */
  crash(): void {
    const stored = <Value>(value: Value): Value => (value === undefined ? value : (JSON.parse(JSON.stringify(value)) as Value));
    this.operation = stored(this.operation);
    this.records = stored(this.records);
    this.last = stored(this.last);
    this.nowMs += 5_000;
  }

  /** One round of the engine, its intents, and one round of every agent; a second passes. */
  step(): Decision {
    const decision = decide(this.snapshot(), as<Instant>(this.nowMs));
    this.records = decision.nodes;
    this.last = decision;
    this.operation = decision.operation;
    if (decision.operation !== undefined && isTerminal(decision.operation.phase)) {
      this.#cluster = { ...this.#cluster, provisioningState: decision.operation.phase };
      this.#ended = decision.operation;
      this.operation = undefined;
    }
    if (decision.beginsUpgrade) this.upgrade();
    this.#refusals = decision.intents.flatMap((intent) => this.#apply(intent));
    this.nowMs += 1_000;
    for (const { counting, resetsPerSecond } of this.nodes.values()) if (counting !== undefined) counting.resets += resetsPerSecond;
    if (this.#cluster.driver === "aks-arm") return this.#askAzure(decision);
    for (const node of this.nodes.values()) {
      if (this.#cluster.driver === "cilium") runSimulatedCilium(node.cilium);
      else runSimulatedAgent(node, this.emergencyOff);
    }
    return decision;
  }

  #askAzure(decision: Decision): Decision {
    const change = decision.azure && this.azure.ask(decision.azure, this.operation?.control.azure, this.nowMs);
    if (this.operation !== undefined && change !== undefined) {
      const { azure: _before, ...control } = this.operation.control;
      this.operation = { ...this.operation, control: change === null ? control : { ...control, azure: change } };
    }
    this.azure.act(this.nodes.values());
    return decision;
  }

  /** Somebody deletes the bundle, and its pods go with it. */
  removeBundle(): void {
    this.#bundle = undefined;
    for (const node of this.nodes.values()) node.agentDigest = undefined;
  }

  /** Whether the bundle is in the cluster. */
  get hasBundle(): boolean {
    return this.#bundle !== undefined;
  }

  /** What the next round starts from. */
  snapshot(): ClusterSnapshot {
    return {
      cluster: this.#cluster,
      operation: this.operation,
      records: this.records,
      previous: this.last?.status,
      policy: this.policy,
      bundle: this.offered,
      network: this.#network,
      token: as<FencingToken>(1),
      reach: this.providing
        ? { kind: "Unreachable", reason: "ProviderNotReady", message: "Provider simulated is at work." }
        : this.reachable
          ? { kind: "Reachable", observed: this.#observe() }
          : { kind: "Unreachable", message: "no answer" },
      preflight: this.preflight,
      preflightAnswers: undefined,
      admission: this.admission,
      faults: this.faults,
      standing: this.standing(this),
      disruption: this.disruption,
      upgrade: this.clusterUpgrade,
      managedPolicy: this.#cluster.driver === "aks-arm" ? undefined : simulatedPolicy(this.policy.policyMode, this.networkPolicy),
      evictionRefusals: this.#refusals,
      ...(this.#cluster.driver === "aks-arm" && { azure: this.azure.look(this.operation?.control.azure?.operation !== undefined) }),
    };
  }

  #observe(): ClusterObservation {
    const nodes = [...this.nodes.values()];
    return {
      nodes: nodes.map((node) => this.#observeNode(node)),
      nodeObjects: nodes.filter((node) => this.#observeAgent(node).spec !== undefined).map((node) => node.name),
      config: this.#config && { ...this.#config, emergencyOff: this.emergencyOff },
      bundle: this.#bundle,
      bundlePods: this.#bundle === undefined ? 0 : nodes.length,
      birthTaint: this.birthTaint,
    };
  }

  #observeNode(node: SimulatedNode): NodeObservation {
    return {
      name: as<NodeName>(node.name),
      uid: as<NodeUid>(node.uid),
      bootId: node.bootId,
      resourceVersion: "1",
      pool: node.pool,
      isSystem: node.isSystem,
      hostname: node.name,
      zone: node.zone,
      stratum: `${node.pool} ${node.image}`,
      ready: node.ready,
      unschedulable: node.unschedulable,
      ineligible: node.ineligible,
      cordonedBy: node.cordonedBy,
      labelled: node.labelled,
      userRules: node.userRules,
      owner: node.owner,
      taints: node.taints,
      scaleDown: { isSet: node.scaleDownDisabled !== undefined, heldBy: node.scaleDownHeldBy },
      ...this.#observeAgent(node),
      podsToEvict: node.pods.map((pod) => ({ namespace: "shop", name: pod.name, uid: pod.name })),
      ...(node.makesNoSandboxes && node.confirmed && { sandboxes: NO_SANDBOXES }),
    };
  }

  #observeAgent(node: SimulatedNode): Pick<NodeObservation, "spec" | "replacesPod" | "report" | "agentPod"> {
    if (this.#cluster.driver !== "bundle") return observeSimulatedCilium(node, node.cilium, this.nowMs);
    return observeSimulatedAgent(node, { emergencyOff: this.emergencyOff, badBundles: this.badBundles, nowMs: this.nowMs });
  }

  #apply(intent: Intent): readonly EvictionRefusal[] {
    switch (intent.kind) {
      case "EnsureBundle":
        this.#bundle = { ...intent.bundle, deleting: false };
        // Pods that run are replaced only when somebody deletes them.
        for (const node of this.nodes.values()) node.agentDigest ??= intent.bundle.digest;
        return [];
      case "RemoveBundle":
        this.#bundle = undefined;
        for (const node of this.nodes.values()) node.agentDigest = undefined;
        return [];
      case "ApplyConfig":
        this.#config = { mode: intent.mode, generation: intent.generation, bundleDigest: intent.bundleDigest, emergencyOff: false };
        return [];
      case "WriteNodeSpec":
        this.#withNode(intent.node, (node) => (node.spec = intent.spec));
        return [];
      case "DeleteNodeObject":
        this.#withNode(intent.node, (node) => (node.spec = undefined));
        return [];
      case "PatchNode":
        this.#withNode(intent.node, (node) => patchSimulatedNode(node, intent));
        return [];
      case "EvictPods":
        return intent.pods.flatMap((pod) => this.#evict(intent.node, pod.name));
      case "ApplyPolicy":
        this.networkPolicy = "InSync";
        return [];
      case "RemovePolicy":
        this.networkPolicy = "Pending";
        return [];
      case "ApplyBirthTaint":
        this.birthTaint = { kind: "InSync" };
        return [];
      case "RemoveBirthTaint":
        this.birthTaint = { kind: "Absent" };
        return [];
      case "WriteNodeConfig":
        this.#withNode(intent.node, ({ cilium }) => (cilium.config = { spec: intent.spec, replacesPod: intent.replacesPod }));
        return [];
      case "DeleteNodeConfig":
        this.#withNode(intent.node, ({ cilium }) => (cilium.config = undefined));
        return [];
      case "RestartAgent":
        this.#withNode(intent.node, (node) => {
          node.agentDigest = this.#bundle?.digest;
          node.cilium.isGoing = true;
        });
        return [];
    }
  }

  #withNode(name: string, change: (node: SimulatedNode) => void): void {
    const node = this.nodes.get(name);
    if (node !== undefined) change(node);
  }

  #evict(nodeName: string, podName: string): readonly EvictionRefusal[] {
    const node = this.nodes.get(nodeName);
    const pod = node?.pods.find((candidate) => candidate.name === podName);
    if (node === undefined || pod === undefined) return [];
    if (pod.budget !== undefined) {
      const allowed = this.budgets.get(pod.budget) ?? 0;
      if (allowed <= 0) return [{ node: nodeName, pod: inNamespace(podName), budget: inNamespace(pod.budget) }];
      this.budgets.set(pod.budget, allowed - 1);
    }
    node.pods = node.pods.filter((candidate) => candidate !== pod);
    return [];
  }
}
