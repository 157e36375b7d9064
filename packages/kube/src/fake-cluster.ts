import type { HostRoutingNodeSpec, HostRoutingNodeStatus } from "@hostrouting/contracts";
import { AppError } from "@hostrouting/domain";
import type { EventObject } from "@hostrouting/events";
import type { V1DaemonSet, V1Node, V1Pod, V1PodDisruptionBudget } from "@kubernetes/client-node";
import type { SandboxFailure } from "./sandbox-failures.ts";
import type { ClusterAccess, HostRoutingConfigObject, HostRoutingNodeObject } from "./cluster-access.ts";
import { FakeAdmission } from "./fake-admission.ts";
import { fakeAgentStatus, passConfirmDeadline, type FakeAgent } from "./fake-agent.ts";
import { FakeRolloutLease } from "./fake-rollout-lease.ts";
import { FakeCilium } from "./fake-cilium.ts";
import { FakePolicies } from "./fake-policies.ts";
import { API_GROUP, BUNDLE_NAMESPACE, BUNDLE_SELECTOR, CONFIG_NAME, DIGEST_ANNOTATION } from "./names.ts";

/** A disruption budget of the fake: pods whose name begins with `podPrefix` may be evicted while `allowed` is above zero. */
export type FakeBudget = { readonly namespace: string; readonly name: string; readonly podPrefix: string; allowed: number };

const newAgent = (): FakeAgent => ({
  effectiveMode: "Legacy",
  generation: 0,
  fencingToken: 0,
  confirmed: false,
  missConfirm: false,
  missed: 0,
});
const conflict = (what: string): AppError => new AppError("kube.conflict", { say: `${what} has been modified` });
const absent = (what: string): AppError => new AppError("kube.not-found", { say: `${what} not found` });

/** Every right: the fake's identity is not what is tested with it. */
const ALL_RIGHTS = { rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }], isComplete: true };

/**
 * A cluster in memory that enforces what the API server enforces: versions and UIDs of patches, budgets of evictions, garbage collection by
 * owner, a DaemonSet that makes pods. Agents act in `tick` only, so that a test decides what happens between two rounds.
 */
export class FakeCluster {
  readonly nodes = new Map<string, V1Node>();
  readonly objects = new Map<string, HostRoutingNodeObject>();
  readonly pods = new Map<string, V1Pod>();
  /** What kubelets say of pods without a sandbox. */
  sandboxFailures: readonly SandboxFailure[] = [];
  readonly agents = new Map<string, FakeAgent>();
  readonly budgets: FakeBudget[] = [];
  readonly policies = new FakePolicies(() => this.#next());
  readonly rolloutLease = new FakeRolloutLease(() => this.#next());
  readonly admission = new FakeAdmission();
  /** A Cilium of its own; none until somebody installs it. */
  readonly cilium = new FakeCilium();
  config: HostRoutingConfigObject | undefined;
  daemonSet: V1DaemonSet | undefined;
  /** Events by namespace and name. */
  readonly events = new Map<string, EventObject>();
  /** While set, every call fails as if nothing answered. */
  unreachable = false;
  /** What admission says to the bundle. */
  bundleRefusal: AppError | undefined;
  /** Called before every call; a test that wants the caller to die here throws. */
  onCall: (name: string) => void = () => {};
  /** By how much its clock is ahead of whoever asks. */
  aheadMs = 0;
  nowMs = Date.parse("2026-01-01T00:00:00Z");
  #version = 1;

  /** Adds a Ready Linux node, as admission lets it; its pods can be added by `addPod`, or by `schedule`. */
  addNode(name: string, uid = `uid-${name}`, bootID = `boot-${name}`): void {
    const node: V1Node = {
      metadata: {
        name,
        uid,
        resourceVersion: this.#next(),
        labels: { "kubernetes.io/os": "linux", "kubernetes.azure.com/agentpool": "user" },
        annotations: {},
      },
      spec: {},
      status: {
        conditions: [{ type: "Ready", status: "True" }],
        nodeInfo: { bootID, osImage: "Ubuntu 24.04.3 LTS", kubeletVersion: "v1.36.3", kernelVersion: "6.8.0" } as NonNullable<
          V1Node["status"]
        >["nodeInfo"] &
          object,
      },
    };
    this.nodes.set(name, this.admission.admitNode(node));
    this.agents.set(name, newAgent());
  }

  /** The node boots: nothing in its kernel survives that, and nothing that its agent remembered of orders. */
  reboot(name: string, bootID: string): void {
    const node = this.#node(name);
    const nodeInfo = { ...node.status?.nodeInfo, bootID } as NonNullable<V1Node["status"]>["nodeInfo"] & object;
    this.#write(node, { status: { ...node.status, nodeInfo } });
    this.agents.set(name, newAgent());
  }

  /** Deletes a node with everything that belongs to it. */
  removeNode(name: string): void {
    this.nodes.delete(name);
    this.objects.delete(name);
    this.agents.delete(name);
    for (const [key, pod] of this.pods) if (pod.spec?.nodeName === name) this.pods.delete(key);
  }

  addPod(namespace: string, name: string, nodeName: string): void {
    this.pods.set(`${namespace}/${name}`, {
      metadata: { namespace, name, uid: `uid-${namespace}-${name}`, ownerReferences: [] },
      spec: { nodeName, containers: [] },
      status: { phase: "Running" },
    });
  }

  /** A pod that is waiting for a node comes to this one, unless a taint or a cordon keeps it off. */
  schedule(namespace: string, name: string, nodeName: string): boolean {
    const { spec } = this.#node(nodeName);
    if (spec?.unschedulable === true || (spec?.taints ?? []).some(({ effect }) => effect === "NoSchedule")) return false;
    this.addPod(namespace, name, nodeName);
    return true;
  }

  setReady(name: string, isReady: boolean): void {
    const node = this.#node(name);
    this.#write(node, { status: { ...node.status, conditions: [{ type: "Ready", status: isReady ? "True" : "False" }] } });
  }

  /** The user's own end of it. */
  uncordon(name: string): void {
    const node = this.#node(name);
    const { unschedulable: _over, ...spec } = node.spec ?? {};
    this.#write(node, { spec });
  }

  /** A user's own cordon. */
  cordon(name: string): void {
    const node = this.#node(name);
    this.#write(node, { spec: { ...node.spec, unschedulable: true } });
  }

  /** Time passes: the DaemonSet makes its pods, every agent acts on its order and reports. */
  tick(ms: number): void {
    this.nowMs += ms;
    this.cilium.tick(this.nodes);
    for (const name of this.nodes.keys()) this.runAgent(name);
  }

  /** One node's share of that. `clockMs` is its own clock, by which it dates what it reports; of a silent agent only the kernel's timer runs. */
  runAgent(
    name: string,
    { clockMs = this.nowMs, isSilent = false }: { readonly clockMs?: number; readonly isSilent?: boolean } = {},
  ): void {
    const agent = this.agents.get(name);
    if (agent === undefined) return;
    passConfirmDeadline(agent, this.nowMs);
    if (!isSilent) this.#runAgent(name, clockMs);
  }

  /** The access that a worker uses. */
  access(): ClusterAccess {
    const guard = <T>(name: string, run: () => T): Promise<T> => {
      this.onCall(name);
      if (this.unreachable) return Promise.reject(new AppError("kube.unreachable", { say: "The API server does not answer" }));
      return Promise.resolve().then(run);
    };
    const copy = <T>(value: T): T => structuredClone(value);
    return {
      serverVersion: () => guard("serverVersion", () => ({ gitVersion: "v1.36.3", aheadMs: this.aheadMs })),
      grantedRules: () => guard("grantedRules", () => ALL_RIGHTS),
      listNodes: () => guard("listNodes", () => copy([...this.nodes.values()])),
      listNodeObjects: () => guard("listNodeObjects", () => copy([...this.objects.values()])),
      readConfig: () => guard("readConfig", () => copy(this.config)),
      readBundle: () => guard("readBundle", () => copy(this.daemonSet)),
      listBundlePods: () => guard("listBundlePods", () => copy(this.#bundlePods())),
      listPodsOn: (node) => guard("listPodsOn", () => copy([...this.pods.values()].filter((pod) => pod.spec?.nodeName === node))),
      listSandboxFailures: () => guard("listSandboxFailures", () => copy(this.sandboxFailures)),
      eachPodPage: (onPage) => guard("eachPodPage", () => onPage(copy([...this.pods.values(), ...this.cilium.pods()]))),
      listBudgets: () => guard("listBudgets", () => this.budgets.map((budget) => this.#budgetObject(budget))),
      readRolloutLease: () => guard("readRolloutLease", () => this.rolloutLease.read()),
      writeRolloutLease: (wish) => guard("writeRolloutLease", () => this.rolloutLease.write(wish)),
      readPolicy: (name) => guard("readPolicy", () => this.policies.read(name)),
      applyPolicy: (policy, how) => guard("applyPolicy", () => this.policies.apply(policy, how)),
      readBirthTaint: (osImages) => guard("readBirthTaint", () => this.admission.read(osImages)),
      applyBirthTaint: (osImages) => guard("applyBirthTaint", () => this.admission.apply(osImages)),
      removeBirthTaint: () => guard("removeBirthTaint", () => this.admission.remove()),
      deletePolicy: (name) => guard("deletePolicy", () => this.policies.delete(name)),
      applyConfig: (spec) =>
        guard("applyConfig", () => {
          const emergencyOff = this.config?.spec.emergencyOff;
          this.config = { metadata: { name: CONFIG_NAME }, spec: { ...spec, ...(emergencyOff === undefined ? {} : { emergencyOff }) } };
        }),
      applyBundle: (manifest) =>
        guard("applyBundle", () => {
          this.daemonSet = copy(manifest);
        }),
      tryBundle: () =>
        guard("tryBundle", () => {
          if (this.bundleRefusal !== undefined) throw this.bundleRefusal;
        }),
      deleteBundle: () =>
        guard("deleteBundle", () => {
          this.daemonSet = undefined;
          for (const pod of this.#bundlePods()) this.pods.delete(`${BUNDLE_NAMESPACE}/${pod.metadata?.name}`);
        }),
      applyNodeObject: (node, spec) => guard("applyNodeObject", () => this.#applyNodeObject(node.name, spec)),
      deleteNodeObject: (name) => guard("deleteNodeObject", () => void this.objects.delete(name)),
      patchNode: (name, patch) => guard("patchNode", () => this.#patchNode(name, patch)),
      evict: (pod) => guard("evict", () => this.#evict(pod)),
      deletePod: (namespace, name) =>
        guard("deletePod", () => void (this.cilium.deletePod(name) || this.pods.delete(`${namespace}/${name}`))),
      cilium: this.cilium.access(guard),
      writeEvent: (event) =>
        guard("writeEvent", () => {
          const { namespace, name } = event.metadata;
          const before = this.events.get(`${namespace}/${name}`);
          this.events.set(
            `${namespace}/${name}`,
            before === undefined ? copy(event) : { ...before, ...(event.series && { series: event.series }) },
          );
        }),
      watch: () => ({ close: () => {} }),
      close: () => {},
    };
  }

  /** The next version of an object, as if something had been written. */
  nextVersion(): string {
    return this.#next();
  }

  #next(): string {
    this.#version += 1;
    return String(this.#version);
  }

  #node(name: string): V1Node {
    const node = this.nodes.get(name);
    if (node === undefined) throw absent(`nodes "${name}"`);
    return node;
  }

  #write(node: V1Node, changes: Partial<V1Node>): void {
    const metadata = { ...node.metadata, ...changes.metadata, resourceVersion: this.#next() };
    this.nodes.set(metadata.name ?? "", { ...node, ...changes, metadata });
  }

  #bundlePods(): V1Pod[] {
    return [...this.pods.values()].filter((pod) => pod.metadata?.namespace === BUNDLE_NAMESPACE);
  }

  /** Its selector matches nothing: which pods it keeps goes by their names here. */
  #budgetObject({ namespace, name, podPrefix, allowed }: FakeBudget): V1PodDisruptionBudget {
    const keeps = (key: string): boolean => key.startsWith(`${namespace}/${podPrefix}`);
    const expectedPods = [...this.pods.keys()].filter(keeps).length;
    return {
      metadata: { namespace, name },
      spec: { selector: { matchLabels: { budget: name } } },
      status: { disruptionsAllowed: allowed, expectedPods, currentHealthy: expectedPods, desiredHealthy: expectedPods - allowed },
    };
  }

  #applyNodeObject(name: string, spec: HostRoutingNodeSpec): void {
    const before = this.objects.get(name);
    this.objects.set(name, {
      metadata: { name, resourceVersion: this.#next() },
      spec: structuredClone(spec),
      ...(before?.status === undefined ? {} : { status: before.status }),
    });
  }

  #patchNode(name: string, patch: Parameters<ClusterAccess["patchNode"]>[1]): void {
    const node = this.#node(name);
    const { uid, resourceVersion, labels, annotations } = patch.metadata;
    if (node.metadata?.uid !== uid || node.metadata.resourceVersion !== resourceVersion) throw conflict(`nodes "${name}"`);
    const merged = (old: Record<string, string> | undefined, changes: Readonly<Record<string, string | null>> | undefined) =>
      Object.fromEntries(Object.entries({ ...old, ...changes }).filter((entry): entry is [string, string] => entry[1] !== null));
    const unschedulable = patch.spec?.unschedulable === undefined ? node.spec?.unschedulable : (patch.spec.unschedulable ?? undefined);
    const taints = patch.spec?.taints?.map(({ timeAdded: _at, ...taint }) => taint);
    const spec = { ...node.spec, ...(taints && { taints }) };
    delete spec.unschedulable;
    this.#write(node, {
      metadata: {
        ...node.metadata,
        labels: merged(node.metadata.labels, labels),
        annotations: merged(node.metadata.annotations, annotations),
      },
      spec: unschedulable === undefined ? spec : { ...spec, unschedulable },
    });
  }

  #evict(pod: { readonly namespace: string; readonly name: string }): Awaited<ReturnType<ClusterAccess["evict"]>> {
    const budget = this.budgets.find((each) => each.namespace === pod.namespace && pod.name.startsWith(each.podPrefix));
    if (budget !== undefined && budget.allowed <= 0) return { kind: "Refused", budget: `${budget.namespace}/${budget.name}` };
    if (budget !== undefined) budget.allowed -= 1;
    this.pods.delete(`${pod.namespace}/${pod.name}`);
    return { kind: "Evicted" };
  }

  #runAgent(name: string, clockMs: number): void {
    const node = this.#node(name);
    const agent = this.agents.get(name);
    const offered = this.daemonSet?.metadata?.annotations?.[DIGEST_ANNOTATION];
    if (agent === undefined || offered === undefined) return;
    const podName = `hostrouting-agent-${name}`;
    // OnDelete: a pod that is there keeps what it was made from.
    const digest = this.pods.get(`${BUNDLE_NAMESPACE}/${podName}`)?.metadata?.annotations?.[DIGEST_ANNOTATION] ?? offered;
    const isReady = node.status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True") ?? false;
    this.pods.set(`${BUNDLE_NAMESPACE}/${podName}`, {
      metadata: {
        namespace: BUNDLE_NAMESPACE,
        name: podName,
        labels: { ...BUNDLE_SELECTOR },
        annotations: { [DIGEST_ANNOTATION]: digest },
        ownerReferences: [{ apiVersion: "apps/v1", kind: "DaemonSet", name: "hostrouting-agent", uid: API_GROUP, controller: true }],
      },
      spec: { nodeName: name, containers: [] },
      status: { phase: "Running", conditions: [{ type: "Ready", status: isReady ? "True" : "False" }] },
    });
    const object = this.objects.get(name);
    if (object === undefined || !isReady) return;
    const own = { uid: node.metadata?.uid ?? "", bootId: node.status?.nodeInfo?.bootID ?? "", digest };
    const status: HostRoutingNodeStatus = fakeAgentStatus(agent, object.spec, {
      own,
      nowMs: this.nowMs,
      clockMs,
      emergencyOff: this.config?.spec.emergencyOff ?? false,
    });
    this.objects.set(name, { ...object, status });
  }
}
