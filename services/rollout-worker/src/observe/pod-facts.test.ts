import assert from "node:assert/strict";
import { test } from "node:test";
import type { V1Pod, V1PodDisruptionBudget } from "@hostrouting/kube";
import { budgetFacts, podFacts } from "./pod-facts.ts";

const owner = (kind: string, name: string) => ({ apiVersion: "apps/v1", kind, name, uid: name, controller: true });
const requests = (cpu: string, memory: string) => ({ requests: { cpu, memory } });
const pod: V1Pod = {
  metadata: { namespace: "shop", name: "cart-1", labels: { app: "cart", tier: "web" }, ownerReferences: [owner("ReplicaSet", "cart")] },
  spec: {
    nodeName: "n1",
    containers: [
      {
        name: "web",
        image: "cart:2",
        resources: requests("100m", "64Mi"),
        ports: [{ containerPort: 80, hostPort: 40_000 }, { containerPort: 81 }],
      },
      { name: "idle", image: "idle:1" },
    ],
    initContainers: [
      { name: "setup", image: "setup:1", resources: requests("1", "1Mi") },
      { name: "proxy", image: "proxy:1", restartPolicy: "Always", resources: requests("50m", "64Mi") },
    ],
  },
  status: { phase: "Running" },
};
const budget = (name: string, selector: NonNullable<V1PodDisruptionBudget["spec"]>["selector"]): V1PodDisruptionBudget => ({
  metadata: { namespace: "shop", name },
  spec: selector === undefined ? {} : { selector },
});

test("a pod is read as far as preflight cares", () => {
  assert.deepEqual(podFacts(pod, []), {
    name: "shop/cart-1",
    node: "n1",
    controller: "ReplicaSet/cart",
    app: "cart",
    images: ["cart:2", "idle:1", "setup:1", "proxy:1"],
    runtimeClass: "",
    hostPorts: [40_000],
    hostNetwork: false,
    leaves: true,
    hasLocalData: false,
    isPinned: false,
    graceSeconds: 30,
    mesh: "None",
    budgets: [],
    cpuMilli: 1_000,
    memoryBytes: 128 * 2 ** 20,
  });
});

test("a pod that has ended is none", () => {
  for (const phase of ["Succeeded", "Failed"]) assert.equal(podFacts({ ...pod, status: { phase } }, []), undefined);
});

const changed: readonly (readonly [what: string, changes: Partial<V1Pod>, member: string, value: unknown])[] = [
  ["a DaemonSet's pod stays", { metadata: { ...pod.metadata, ownerReferences: [owner("DaemonSet", "d")] } }, "leaves", false],
  ["an emptyDir is local data", { spec: { ...pod.spec, containers: [], volumes: [{ name: "v", emptyDir: {} }] } }, "hasLocalData", true],
  ["one in memory is none", { spec: { containers: [], volumes: [{ name: "v", emptyDir: { medium: "Memory" } }] } }, "hasLocalData", false],
  ["an ambient pod", { metadata: { annotations: { "ambient.istio.io/redirection": "enabled" } } }, "mesh", "Ambient"],
  ["a pod with a sidecar", { spec: { containers: [], initContainers: [{ name: "istio-init" }] } }, "mesh", "Sidecar"],
  [
    "a pod that asks to stay",
    { metadata: { annotations: { "cluster-autoscaler.kubernetes.io/safe-to-evict": "false" } } },
    "isPinned",
    true,
  ],
  ["overhead counts", { spec: { containers: [], overhead: { cpu: "250m" } } }, "cpuMilli", 250],
];
for (const [what, changes, member, value] of changed)
  test(what, () => assert.equal(podFacts({ ...pod, ...changes }, [])?.[member as "leaves"], value));

test("budgets keep the pods of their namespace that their selectors fit", () => {
  const elsewhere = { ...budget("elsewhere", {}), metadata: { namespace: "bank", name: "elsewhere" } };
  const budgets = [
    budget("all", {}),
    budget("none", undefined),
    budget("cart", { matchLabels: { app: "cart" } }),
    budget("bill", { matchLabels: { app: "bill" } }),
    budget("in", { matchExpressions: [{ key: "tier", operator: "In", values: ["web"] }] }),
    budget("not-in", { matchExpressions: [{ key: "tier", operator: "NotIn", values: ["web"] }] }),
    budget("exists", { matchExpressions: [{ key: "tier", operator: "Exists" }] }),
    budget("absent", { matchExpressions: [{ key: "tier", operator: "DoesNotExist" }] }),
    elsewhere,
  ];
  assert.deepEqual(podFacts(pod, budgets)?.budgets, ["shop/all", "shop/cart", "shop/in", "shop/exists"]);
});

test("a budget is what the API server reckons", () => {
  const status = { disruptionsAllowed: 1, expectedPods: 3, currentHealthy: 3, desiredHealthy: 2 };
  assert.deepEqual(budgetFacts({ ...budget("cart", {}), status }), { name: "shop/cart", ...status });
});
