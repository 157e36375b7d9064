import type { BudgetFacts, ClusterFacts, PodFacts } from "../facts.ts";
import { agentPool, good, unreadable, withNode, withNodes, withPods, withProfile, type RuleCase } from "./good-facts.ts";

/** Rules over pods hold where there is nothing to object to, and know nothing where the pods were not read. */
const plain = (id: string, facts: ClusterFacts = good): RuleCase[] => [
  [id, "nothing to object to", facts, "passed"],
  [id, "pods not read", { ...facts, pods: unreadable }, "unknown"],
];
const cilium = (facts: ClusterFacts): ClusterFacts => ({ ...facts, driver: "cilium" });
const draining = (facts: ClusterFacts): ClusterFacts => ({ ...facts, nodeAction: "DrainAndSwitch" });
const agent = (image: string): Partial<PodFacts> => ({ app: "cilium", controller: "DaemonSet/cilium", images: [image] });
const budget: BudgetFacts = { name: "shop/cart", disruptionsAllowed: 1, expectedPods: 2, currentHealthy: 2, desiredHealthy: 1 };
const withBudget = (changes: Partial<BudgetFacts>): ClusterFacts =>
  draining({ ...good, budgets: { known: true, value: [{ ...budget, ...changes }] } });
const withPool = (changes: Partial<typeof agentPool>): ClusterFacts => withProfile({ pools: [{ ...agentPool, ...changes }] });
const twoNodes = (pods: Partial<PodFacts>[]): ClusterFacts =>
  draining({ ...withPods(...pods), nodes: withNodes({}, { name: "n2" }).nodes });

/** Rules over pods, budgets, admission and the clock. */
export const workloadCases: readonly RuleCase[] = [
  ...plain("PF-015"),
  ["PF-015", "a pool of virtual machines", withPool({ workloadRuntime: "KataMshvVmIsolation" }), "failed", ["pool user"]],
  ["PF-015", "a pod in one", withPods({ runtimeClass: "kata-vm-isolation" }), "failed", ["pod shop/cart-1"]],
  ["PF-015", "another runtime class", withPods({ runtimeClass: "gvisor" }), "passed"],
  ...plain("PF-023"),
  ["PF-023", "a pod of an ambient mesh", withPods({ mesh: "Ambient" }), "failed", ["pod shop/cart-1"]],
  ["PF-023", "ztunnel", withPods({ name: "istio-system/ztunnel-x", app: "ztunnel" }), "failed", ["pod istio-system/ztunnel-x"]],
  ["PF-023", "a sidecar", withPods({ mesh: "Sidecar" }), "passed"],
  ...plain("PF-024"),
  ["PF-024", "one's own", withPods({ name: "istio-system/istiod-x", app: "istiod" }), "failed", ["pod istio-system/istiod-x"]],
  ["PF-024", "the add-on's", withPods({ name: "aks-istio-system/istiod-asm-1-27-x", app: "istiod" }), "passed"],
  ["PF-026", "new enough", cilium(withPods(agent("mcr.microsoft.com/containernetworking/cilium/cilium:v1.18.9-260401"))), "passed"],
  ["PF-026", "a patch too old", cilium(withPods(agent("quay.io/cilium/cilium:v1.18.8@sha256:00"))), "failed", ["node n1"]],
  [
    "PF-026",
    "new enough for an older Kubernetes",
    { ...cilium(withProfile({ kubernetesVersion: "1.35.2" })), pods: withPods(agent("quay.io/cilium/cilium:v1.18.6")).pods },
    "passed",
  ],
  ["PF-026", "a newer minor", cilium(withPods(agent("quay.io/cilium/cilium:v1.19.0"))), "passed"],
  ["PF-026", "no agent", cilium(good), "failed", ["DaemonSet cilium"]],
  ["PF-026", "a digest only", cilium(withPods(agent("quay.io/cilium/cilium@sha256:00"))), "unknown"],
  ["PF-026", "pods not read", cilium({ ...good, pods: unreadable }), "unknown"],
  ["PF-026", "not asked of the bundle", good, "skipped"],
  ...plain("PF-036", cilium(good)),
  ["PF-036", "kube-proxy", cilium(withPods({ controller: "DaemonSet/kube-proxy" })), "failed", ["pod shop/cart-1"]],
  ["PF-036", "kube-proxy with the bundle", withPods({ controller: "DaemonSet/kube-proxy" }), "skipped"],
  ...plain("PF-041"),
  ["PF-041", "a port of connections", withPods({ hostPorts: [80, 32_768] }), "failed", ["pod shop/cart-1"]],
  ["PF-041", "the last port below", withPods({ hostPorts: [32_767] }), "passed"],
  ...plain("PF-042"),
  ["PF-042", "LocalDNS", withPool({ localDns: true }), "failed", ["pool user"]],
  ["PF-042", "node-local-dns", withPods({ app: "node-local-dns" }), "failed", ["pod shop/cart-1"]],
  ...plain("PF-047", draining(good)),
  ["PF-047", "one may leave", withBudget({}), "passed"],
  ["PF-047", "none may leave now", withBudget({ disruptionsAllowed: 0, currentHealthy: 1 }), "failed", ["budget shop/cart"]],
  ["PF-047", "none may ever leave", withBudget({ disruptionsAllowed: 0, desiredHealthy: 2 }), "failed", ["budget shop/cart"]],
  ["PF-047", "of no pods", withBudget({ disruptionsAllowed: 0, expectedPods: 0, currentHealthy: 0 }), "passed"],
  ["PF-047", "two for one pod", draining(withPods({ budgets: ["shop/a", "shop/b"] })), "failed", ["budgets shop/a and shop/b"]],
  ["PF-047", "budgets not read", draining({ ...good, budgets: unreadable }), "unknown"],
  ["PF-047", "no node is drained", { ...withBudget({ disruptionsAllowed: 0 }), nodeAction: "SwitchInPlace" }, "skipped"],
  ...plain("PF-048", draining(good)),
  ["PF-048", "nothing brings it back", draining(withPods({ controller: "" })), "failed", ["pod shop/cart-1"]],
  ["PF-048", "data on the node", draining(withPods({ hasLocalData: true })), "failed", ["pod shop/cart-1"]],
  ["PF-048", "it takes its time", draining(withPods({ graceSeconds: 1_801 })), "failed", ["pod shop/cart-1"]],
  ["PF-048", "it takes all of it", draining(withPods({ graceSeconds: 1_800 })), "passed"],
  ["PF-048", "it asks to stay", draining(withPods({ isPinned: true })), "failed", ["pod shop/cart-1"]],
  ["PF-048", "it stays anyhow", draining(withPods({ isPinned: true, leaves: false })), "passed"],
  ["PF-048", "no node is drained", withPods({ controller: "" }), "skipped"],
  ["PF-049", "no node is drained", good, "skipped"],
  ["PF-049", "room on the other", twoNodes([{ cpuMilli: 3_860 }]), "passed"],
  ["PF-049", "not enough on the other", twoNodes([{ cpuMilli: 3_000 }, { node: "n2", cpuMilli: 900 }]), "failed", ["node n1"]],
  ["PF-049", "memory is short", twoNodes([{ memoryBytes: 2 ** 33 }, { node: "n2", memoryBytes: 2 ** 33 }]), "failed", ["node n1"]],
  [
    "PF-049",
    "pods that stay need no room",
    twoNodes([
      { cpuMilli: 3_000, leaves: false },
      { node: "n2", cpuMilli: 860 },
    ]),
    "passed",
  ],
  ["PF-049", "both at once", { ...twoNodes([{}]), maxUnavailable: 2 }, "failed", ["node n1", "node n2"]],
  [
    "PF-049",
    "the other takes no pods",
    { ...twoNodes([{}]), nodes: withNodes({}, { name: "n2", cordoned: true }).nodes },
    "failed",
    ["node n1"],
  ],
  ["PF-049", "a kubelet that has not reported", { ...twoNodes([{}]), nodes: withNodes({ allocatable: undefined }).nodes }, "unknown"],
  ["PF-049", "nodes not read", draining({ ...good, nodes: unreadable }), "unknown"],
  ["PF-049", "pods not read", draining({ ...good, pods: unreadable }), "unknown"],
  ...plain("PF-053"),
  ["PF-053", "one's processor is asked for", withPods({ cpuMilli: 3_761 }), "failed", ["node n1"]],
  ["PF-053", "a tenth of one is left", withPods({ cpuMilli: 3_760 }), "passed"],
  [
    "PF-053",
    "memory is asked for, by several",
    withPods({ memoryBytes: 6 * 2 ** 30 }, { memoryBytes: 6 * 2 ** 30 }),
    "failed",
    ["node n1"],
  ],
  ["PF-053", "asked for on another node", { ...withPods({ node: "n2", cpuMilli: 3_860 }), nodes: withNodes({}).nodes }, "passed"],
  ["PF-053", "a kubelet that has not reported", withNode({ allocatable: undefined }), "unknown"],
  ["PF-056", "let in", good, "passed"],
  [
    "PF-056",
    "refused",
    { ...good, admission: { known: true, value: { refusal: "admission webhook denied the request" } } },
    "failed",
    ["DaemonSet acns-hostrouting/hostrouting-agent"],
  ],
  ["PF-056", "not tried", { ...good, admission: unreadable }, "unknown"],
  ...plain("PF-060"),
  ["PF-060", "one of a user's", withPods({ hostNetwork: true }), "failed", ["pod shop/cart-1"]],
  ["PF-060", "one of the cluster's", withPods({ hostNetwork: true, name: "kube-system/kube-proxy-x" }), "passed"],
  ...plain("PF-062"),
  ["PF-062", "virtual machines", withPods({ app: "virt-handler" }), "failed", ["pod shop/cart-1"]],
  [
    "PF-062",
    "WireGuard",
    withProfile({
      advancedNetworking: {
        enabled: true,
        observability: { enabled: false },
        security: { enabled: true, advancedNetworkPolicies: "None", transitEncryption: { type: "WireGuard" } },
        performance: { accelerationMode: "None" },
      },
    }),
    "failed",
    ["transitEncryption"],
  ],
  ...plain("PF-063"),
  ["PF-063", "by its label", withPods({ app: "tailscale" }), "failed", ["pod shop/cart-1"]],
  ["PF-063", "by its image", withPods({ images: ["docker.io/library/docker:28-dind"] }), "failed", ["pod shop/cart-1"]],
  ["PF-064", "a second and a half apart", good, "passed"],
  ["PF-064", "a minute apart", { ...good, clockAheadMs: { known: true, value: -60_000 } }, "passed"],
  ["PF-064", "more than a minute apart", { ...good, clockAheadMs: { known: true, value: 60_001 } }, "failed", ["API server"]],
  ["PF-064", "no date in the answer", { ...good, clockAheadMs: unreadable }, "unknown"],
];
