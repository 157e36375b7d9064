import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { as, type AgentPool, type ClusterProfile, type Instant } from "@hostrouting/domain";
import { parseAllDocuments } from "yaml";
import { clusterProfile } from "./cluster-profile.ts";
import type { ClusterFacts, NodeFacts } from "./facts.ts";
import { verdict } from "./finding.ts";
import { run, type Allowance } from "./run.ts";
import { rules } from "./rules.ts";
import { missingPermissions, workerPermissions, type RequiredPermission } from "./worker-permissions.ts";

const node: NodeFacts = {
  name: "n1",
  pool: "user",
  os: "linux",
  osSkuEffective: "Ubuntu2404",
  osImage: "Ubuntu 24.04.3 LTS",
  kubeletVersion: "v1.36.3",
  ready: true,
  cordoned: false,
  agentOs: undefined,
  preconditions: undefined,
  guardRung: undefined,
};
const pool: AgentPool = {
  name: "user",
  mode: "User",
  count: 1,
  osType: "Linux",
  osSku: "Ubuntu2404",
  orchestratorVersion: "1.36.3",
  vmSize: "",
  workloadRuntime: "",
};
const profile: ClusterProfile = {
  ...clusterProfile({
    kubernetesVersion: "1.36.3",
    networkProfile: { networkPlugin: "azure", networkDataplane: "cilium", advancedNetworking: { enabled: true } },
  }),
  pools: [pool],
};
const good: ClusterFacts = {
  driver: "bundle",
  ruleset: "ga-2026",
  nodeAction: "SwitchInPlace",
  profile,
  provisioningState: "Updating",
  ownOperation: true,
  poolStates: { user: "Succeeded" },
  serverVersion: { known: true, value: "v1.36.3" },
  nodes: { known: true, value: [node] },
  policyMode: "Correct",
  managedPolicy: { known: true, value: "Fine" },
  permissions: { known: true, value: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }] },
};
const strictly: Allowance = { overrides: [], now: as<Instant>(0) };
const unreadable = { known: false, because: "timed out" } as const;
const withNodes = (...changes: Partial<NodeFacts>[]): ClusterFacts => ({
  ...good,
  nodes: { known: true, value: changes.map((change) => ({ ...node, ...change })) },
});
const withNode = (changes: Partial<NodeFacts>): ClusterFacts => withNodes(changes);
const withProfile = (changes: Partial<ClusterProfile>): ClusterFacts => ({ ...good, profile: { ...profile, ...changes } });

const agentOs = { id: "ubuntu", versionId: "24.04" };
const says = (name: string, outcome: "Passed" | "Failed" | "Unknown"): ClusterFacts =>
  withNode({ agentOs, preconditions: [{ name, outcome, message: outcome === "Passed" ? "" : "seen" }] });

/** Every rule over agents' words has the same outcomes. */
const preconditionRows = (id: string, name: string): Row[] => [
  [id, "holds", says(name, "Passed"), "passed"],
  [id, "does not hold", says(name, "Failed"), "failed", ["node n1"]],
  [id, "could not be read", says(name, "Unknown"), "unknown"],
  [id, "no agent yet", good, "skipped"],
  [id, "an agent that has not looked", withNode({ agentOs }), "unknown"],
  [id, "nodes not read", { ...good, nodes: unreadable }, "unknown"],
];

type Row = readonly [rule: string, what: string, facts: ClusterFacts, outcome: string, subjects?: readonly string[]];

const table: readonly Row[] = [
  ["PF-002", "our own operation", good, "passed"],
  ["PF-002", "somebody else's", { ...good, ownOperation: false }, "failed", ["cluster"]],
  ["PF-002", "a pool is busy", { ...good, poolStates: { user: "Upgrading" } }, "failed", ["user"]],
  ["PF-006", "new enough", good, "passed"],
  ["PF-006", "an old kubelet", withNode({ kubeletVersion: "v1.32.9" }), "failed", ["node n1"]],
  ["PF-006", "an old pool", withProfile({ pools: [{ ...pool, orchestratorVersion: "1.32" }] }), "failed", ["pool user"]],
  ["PF-006", "a version that is none", withProfile({ kubernetesVersion: "latest" }), "unknown"],
  ["PF-006", "server not read", { ...good, serverVersion: unreadable }, "unknown"],
  ["PF-006", "nodes not read", { ...good, nodes: unreadable }, "unknown"],
  ["PF-007", "azure", good, "passed"],
  ["PF-007", "kubenet", withProfile({ networkPlugin: "kubenet" }), "failed", ["networkPlugin"]],
  ["PF-007", "not said", withProfile({ networkPlugin: "" }), "unknown"],
  ["PF-008", "cilium", good, "passed"],
  ["PF-008", "not set means azure", withProfile({ networkDataplane: "" }), "failed", ["networkDataplane"]],
  ["PF-008", "no network profile", withProfile({ networkDataplane: "", networkPlugin: "" }), "unknown"],
  ["PF-010", "on", good, "passed"],
  [
    "PF-010",
    "off",
    withProfile({ advancedNetworking: { ...profile.advancedNetworking, enabled: false } }),
    "failed",
    ["advancedNetworking"],
  ],
  ["PF-010", "no network profile", withProfile({ networkPlugin: "" }), "unknown"],
  ["PF-011", "Ubuntu 24.04", good, "passed"],
  ["PF-011", "Azure Linux 3.0", withNode({ osImage: "Microsoft Azure Linux 3.0", osSkuEffective: "" }), "passed"],
  ["PF-011", "the image beats the label", withNode({ osImage: "Ubuntu 22.04.5 LTS" }), "failed", ["node n1"]],
  ["PF-011", "the agent beats the image", withNode({ agentOs: { id: "debian", versionId: "12" } }), "failed", ["node n1"]],
  ["PF-011", "the agent clears the image", withNode({ osImage: "Debian 12", agentOs: { id: "azurelinux", versionId: "3.0" } }), "passed"],
  [
    "PF-011",
    "Ubuntu before 1.35 is 22.04",
    withNode({ osImage: "", osSkuEffective: "Ubuntu", kubeletVersion: "v1.34.1" }),
    "failed",
    ["node n1"],
  ],
  ["PF-011", "the pool's SKU at last", withNode({ osImage: "", osSkuEffective: "" }), "passed"],
  ["PF-011", "nothing says", withNode({ osImage: "", osSkuEffective: "", pool: "other" }), "unknown"],
  [
    "PF-011",
    "an empty pool",
    { ...good, nodes: { known: true, value: [] }, profile: { ...profile, pools: [{ ...pool, osSku: "Mariner" }] } },
    "failed",
    ["pool user"],
  ],
  ["PF-011", "nodes not read", { ...good, nodes: unreadable }, "unknown"],
  ["PF-012", "Linux only", good, "passed"],
  ["PF-012", "a Windows pool", withProfile({ pools: [{ ...pool, osType: "Windows" }] }), "failed", ["pool user"]],
  ["PF-012", "a Windows node", withNode({ os: "windows" }), "failed", ["node n1"]],
  ["PF-012", "nodes not read", { ...good, nodes: unreadable }, "unknown"],
  ["PF-017", "a security module", withNode({ guardRung: "Lsm" }), "passed"],
  ["PF-017", "fmod_ret", withNode({ guardRung: "FmodRet" }), "passed"],
  ["PF-017", "rules are seen only", withNode({ guardRung: "Audit" }), "failed", ["node n1"]],
  ["PF-017", "neither", withNode({ guardRung: "Unsupported" }), "failed", ["node n1"]],
  ["PF-017", "an agent that does not say", withNode({ agentOs }), "skipped"],
  ["PF-017", "one that does not say beside one that does", withNodes({ guardRung: "Lsm" }, { name: "n2" }), "passed"],
  ["PF-017", "one of several", withNodes({ guardRung: "Lsm" }, { name: "n2", guardRung: "Audit" }), "failed", ["node n2"]],
  ["PF-017", "not asked of another driver", { ...withNode({ guardRung: "Audit" }), driver: "cilium" }, "skipped"],
  ["PF-017", "nodes not read", { ...good, nodes: unreadable }, "unknown"],
  ["PF-021", "not in use", good, "passed"],
  ["PF-021", "in use", withProfile({ staticEgressGateway: true }), "failed", ["staticEgressGatewayProfile"]],
  ["PF-021", "a gateway pool", withProfile({ pools: [{ ...pool, mode: "Gateway" }] }), "failed", ["pool user"]],
  ["PF-021", "no network profile", withProfile({ networkPlugin: "" }), "unknown"],
  ["PF-022", "no mesh", good, "passed"],
  ["PF-022", "Istio", withProfile({ serviceMesh: "Istio" }), "failed", ["serviceMeshProfile"]],
  ["PF-022", "another mesh", withProfile({ serviceMesh: "Unknown" }), "unknown"],
  ["PF-044", "free or ours", good, "passed"],
  ["PF-044", "somebody else's", { ...good, managedPolicy: { known: true, value: "Foreign" } }, "failed", ["block-azure-destinations"]],
  ["PF-044", "somebody else's, not managed", { ...good, policyMode: "Off", managedPolicy: { known: true, value: "Foreign" } }, "skipped"],
  ["PF-044", "no such policies", { ...good, managedPolicy: { known: true, value: "Unsupported" } }, "skipped"],
  ["PF-044", "not read", { ...good, managedPolicy: unreadable }, "unknown"],
  ["PF-045", "known", good, "passed"],
  ["PF-045", "no such policies", { ...good, managedPolicy: { known: true, value: "Unsupported" } }, "failed"],
  [
    "PF-045",
    "no such policies, not managed",
    { ...good, policyMode: "Off", managedPolicy: { known: true, value: "Unsupported" } },
    "skipped",
  ],
  ["PF-045", "not read", { ...good, managedPolicy: unreadable }, "unknown"],
  ["PF-054", "every right", good, "passed"],
  ["PF-054", "not asked of Azure's own driver", { ...good, driver: "aks-arm", permissions: unreadable }, "skipped"],
  ["PF-054", "not read", { ...good, permissions: unreadable }, "unknown"],
  ["PF-058", "all well", good, "passed"],
  ["PF-058", "not ready", withNode({ ready: false }), "failed", ["node n1"]],
  ["PF-058", "cordoned", withNode({ cordoned: true }), "failed", ["node n1"]],
  ["PF-058", "nodes not read", { ...good, nodes: unreadable }, "unknown"],
  ...preconditionRows("PF-009", "PolicyChains"),
  ...preconditionRows("PF-030", "UnexpectedRules"),
  ...preconditionRows("PF-032", "ForwardPolicy"),
  ...preconditionRows("PF-067", "LoosePickup"),
  ...preconditionRows("PF-068", "ConntrackZones"),
  ...preconditionRows("PF-069", "IpvsConntrack"),
];

describe("rules", () => {
  for (const [id, what, facts, outcome, subjects] of table)
    test(`${id} ${what}: ${outcome}`, () => {
      const finding = run(facts, strictly).find((candidate) => candidate.id === id);
      assert.equal(finding?.outcome, outcome, JSON.stringify(finding));
      if (subjects !== undefined) assert.deepEqual(finding?.subjects, subjects);
    });

  test("every rule has a row for each outcome that it can have", () => {
    const tested = new Set(table.map(([id, , , outcome]) => `${id} ${outcome}`));
    for (const rule of rules)
      for (const outcome of ["passed", "failed"])
        if (rule.id !== "PF-054") assert.ok(tested.has(`${rule.id} ${outcome}`), `${rule.id} ${outcome}`);
  });
});

describe("verdict", () => {
  test("Istio blocks under seed-2024 and warns under ga-2026", () => {
    const facts = withProfile({ serviceMesh: "Istio" });
    const warned = verdict(run(facts, strictly));
    assert.deepEqual(warned.kind === "Passed" && warned.warnings.map((finding) => finding.id), ["PF-022"]);
    const blocked = verdict(run({ ...facts, ruleset: "seed-2024" }, strictly));
    assert.deepEqual(blocked.kind === "Failed" && blocked.error.details?.map((detail) => detail.code), ["PF-022"]);
  });

  test("without loose pickup nodes may be switched when they are drained only", () => {
    const hold = ["UnexpectedRules", "PolicyChains", "ForwardPolicy", "ConntrackZones", "IpvsConntrack"];
    const facts = withNode({
      agentOs,
      preconditions: [
        ...hold.map((name) => ({ name, outcome: "Passed" as const, message: "" })),
        { name: "LoosePickup", outcome: "Failed", message: "It is 0." },
      ],
    });
    assert.equal(verdict(run(facts, strictly)).kind, "Failed");
    const drained = verdict(run({ ...facts, nodeAction: "DrainAndSwitch" }, strictly));
    assert.deepEqual(drained.kind === "Passed" && drained.warnings.map((finding) => finding.id), ["PF-067"]);
  });

  test("an unknown blocking rule never passes, and a failure beats it", () => {
    assert.equal(verdict(run({ ...good, permissions: unreadable }, strictly)).kind, "Unknown");
    assert.equal(verdict(run({ ...withProfile({ networkPlugin: "none" }), permissions: unreadable }, strictly)).kind, "Failed");
  });

  test("has one detail per failed check, with subject and remedy", () => {
    const failed = verdict(run(withProfile({ networkPlugin: "kubenet", staticEgressGateway: true }), strictly));
    assert.ok(failed.kind === "Failed");
    assert.equal(failed.error.code, "PreflightBlocked");
    assert.deepEqual(
      failed.error.details?.map(({ code, target }) => [code, target]),
      [
        ["PF-007", "networkPlugin"],
        ["PF-021", "staticEgressGatewayProfile"],
      ],
    );
    assert.match(failed.error.details?.[0]?.message ?? "", /Migrate the cluster/);
  });
});

type RoleRule = { readonly apiGroups: string[]; readonly resources: string[]; readonly verbs: string[]; readonly resourceNames?: string[] };
type Manifest = { readonly kind: string; readonly rules?: readonly RoleRule[] };

describe("the worker's rights", () => {
  const text = readFileSync(new URL("../../../infra/k8s/worker-rbac.yaml", import.meta.url), "utf8");
  const manifests = parseAllDocuments(text).map((document) => document.toJS() as Manifest);
  const granted = (kind: string): readonly RoleRule[] =>
    manifests.filter((manifest) => manifest.kind === kind).flatMap((manifest) => manifest.rules ?? []);
  const asRules = (inNamespace: boolean): readonly RoleRule[] =>
    workerPermissions
      .filter((need: RequiredPermission) => need.inNamespace === inNamespace)
      .map(({ apiGroup, resource, verbs, name }) => {
        return {
          apiGroups: [apiGroup],
          resources: [resource],
          verbs: [...verbs],
          ...(name === undefined ? {} : { resourceNames: [name] }),
        };
      });

  test("are granted exactly, cluster-wide and in the bundle's namespace", () => {
    assert.deepEqual(granted("ClusterRole"), asRules(false));
    assert.deepEqual(granted("Role"), asRules(true));
  });

  test("each one is missed when it is missing", () => {
    const all = [...asRules(false), ...asRules(true)];
    assert.deepEqual(missingPermissions(all, "Correct"), []);
    const without = all.map((rule) =>
      rule.resources[0] === "nodes" ? { ...rule, verbs: rule.verbs.filter((verb) => verb !== "patch") } : rule,
    );
    assert.deepEqual(missingPermissions(without, "Correct"), ["patch nodes"]);
  });

  test("a right to objects of other names is none", () => {
    const others = [...asRules(false), ...asRules(true)].map((rule) =>
      rule.resourceNames === undefined ? rule : { ...rule, resourceNames: ["another"] },
    );
    assert.deepEqual(
      missingPermissions(others, "Correct"),
      ["get", "list", "watch", "patch", "delete"].map((verb) => `${verb} ciliumclusterwidenetworkpolicies.cilium.io`),
    );
    assert.deepEqual(missingPermissions(others, "Off"), [], "nobody writes the policy then");
    const narrowed = [...asRules(false), ...asRules(true)].map((rule) =>
      rule.resources[0] === "nodes" ? { ...rule, resourceNames: ["n1"] } : rule,
    );
    assert.deepEqual(missingPermissions(narrowed, "Correct"), ["get nodes", "list nodes", "watch nodes", "patch nodes"]);
  });
});
