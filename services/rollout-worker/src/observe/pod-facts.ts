import { evictablePods, type V1Pod, type V1PodDisruptionBudget } from "@hostrouting/kube";
import { readQuantity, type BudgetFacts, type PodFacts } from "@hostrouting/preflight";
import { fits } from "./label-selector.ts";

type Containers = NonNullable<V1Pod["spec"]>["containers"];

/** Labels by which programs say what they are, the most telling first. */
const APP_LABELS = ["k8s-app", "app.kubernetes.io/name", "app", "name"];
/** The kubelet's own default of `terminationGracePeriodSeconds`. */
const GRACE_SECONDS = 30;

/** What preflight wants to know of a budget. */
export function budgetFacts({ metadata, status }: V1PodDisruptionBudget): BudgetFacts {
  return {
    name: `${metadata?.namespace}/${metadata?.name}`,
    disruptionsAllowed: status?.disruptionsAllowed ?? 0,
    expectedPods: status?.expectedPods ?? 0,
    currentHealthy: status?.currentHealthy ?? 0,
    desiredHealthy: status?.desiredHealthy ?? 0,
  };
}

function requested(containers: Containers, resource: string): readonly number[] {
  return containers.map(({ resources }) => readQuantity(resources?.requests?.[resource] ?? "0") ?? 0);
}

/** What the scheduler reckons for a pod: its containers and sidecars together, or the largest of those that run before them, and its overhead. */
function request({ spec }: V1Pod, resource: string): number {
  const initial = spec?.initContainers ?? [];
  const sidecars = initial.filter(({ restartPolicy }) => restartPolicy === "Always");
  const lasting = [...requested(spec?.containers ?? [], resource), ...requested(sidecars, resource)].reduce((sum, one) => sum + one, 0);
  const overhead = readQuantity(spec?.overhead?.[resource] ?? "0") ?? 0;
  return Math.max(lasting, ...requested(initial, resource)) + overhead;
}

function meshOf({ metadata, spec }: V1Pod): PodFacts["mesh"] {
  if (metadata?.annotations?.["ambient.istio.io/redirection"] === "enabled") return "Ambient";
  return (spec?.initContainers ?? []).some(({ name }) => name === "istio-init" || name === "istio-validation") ? "Sidecar" : "None";
}

/** Names of the budgets that keep a pod. */
function budgetsOf({ metadata }: V1Pod, budgets: readonly V1PodDisruptionBudget[]): readonly string[] {
  const labels = metadata?.labels ?? {};
  return budgets
    .filter((budget) => budget.metadata?.namespace === metadata?.namespace && fits(budget.spec?.selector, labels))
    .map((budget) => `${budget.metadata?.namespace}/${budget.metadata?.name}`);
}

function identity({ metadata, spec }: V1Pod): Pick<PodFacts, "name" | "node" | "controller" | "app"> {
  const labels = metadata?.labels ?? {};
  const controller = metadata?.ownerReferences?.find((owner) => owner.controller === true);
  return {
    name: `${metadata?.namespace}/${metadata?.name}`,
    node: spec?.nodeName ?? "",
    controller: controller === undefined ? "" : `${controller.kind}/${controller.name}`,
    app: APP_LABELS.map((label) => labels[label]).find((value) => value !== undefined) ?? "",
  };
}

/** What preflight wants to know of a pod; nothing else of it is kept. Undefined when the pod has ended. */
export function podFacts(pod: V1Pod, budgets: readonly V1PodDisruptionBudget[]): PodFacts | undefined {
  const { metadata, spec, status } = pod;
  if (status?.phase === "Succeeded" || status?.phase === "Failed") return undefined;
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  return {
    ...identity(pod),
    images: containers.map(({ image }) => image ?? ""),
    runtimeClass: spec?.runtimeClassName ?? "",
    hostPorts: containers.flatMap(({ ports = [] }) => ports.flatMap(({ hostPort }) => (hostPort === undefined ? [] : [hostPort]))),
    hostNetwork: spec?.hostNetwork === true,
    leaves: evictablePods([pod]).length > 0,
    hasLocalData: (spec?.volumes ?? []).some(({ emptyDir }) => emptyDir !== undefined && emptyDir.medium !== "Memory"),
    isPinned: metadata?.annotations?.["cluster-autoscaler.kubernetes.io/safe-to-evict"] === "false",
    graceSeconds: spec?.terminationGracePeriodSeconds ?? GRACE_SECONDS,
    mesh: meshOf(pod),
    budgets: budgetsOf(pod, budgets),
    cpuMilli: Math.ceil(request(pod, "cpu") * 1_000),
    memoryBytes: request(pod, "memory"),
  };
}
