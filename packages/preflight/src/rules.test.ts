import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { as, type Instant } from "@hostrouting/domain";
import { parseAllDocuments } from "yaml";
import { verdict } from "./finding.ts";
import { overridableRules, run, type Allowance } from "./run.ts";
import { rules } from "./rules.ts";
import { rulesets } from "./rulesets.ts";
import { ciliumCases } from "./testing/cilium-cases.ts";
import { clusterCases } from "./testing/cluster-cases.ts";
import { agentOs, good, NOW_MS, unreadable, withNode, withProfile } from "./testing/good-facts.ts";
import { nodeCases } from "./testing/node-cases.ts";
import { resourceCases } from "./testing/resource-cases.ts";
import { workloadCases } from "./testing/workload-cases.ts";
import {
  ciliumPermissions,
  missingCiliumPermissions,
  missingPermissions,
  workerPermissions,
  type RequiredPermission,
} from "./worker-permissions.ts";

const strictly: Allowance = { overrides: [], now: as<Instant>(NOW_MS) };
const table = [...resourceCases, ...clusterCases, ...ciliumCases, ...workloadCases, ...nodeCases];

describe("rules", () => {
  for (const [id, what, facts, outcome, subjects] of table)
    test(`${id} ${what}: ${outcome}`, () => {
      const finding = run(facts, strictly).find((candidate) => candidate.id === id);
      assert.equal(finding?.outcome, outcome, JSON.stringify(finding));
      if (subjects !== undefined) assert.deepEqual(finding?.subjects, subjects);
    });

  test("every rule has a passing, a failing and an unknown case", () => {
    const tested = new Set(table.map(([id, , , outcome]) => `${id} ${outcome}`));
    // What these judge is our own record, which is always known.
    const never = new Set(["PF-002 unknown", "PF-051 unknown"]);
    const wanted = rules.flatMap(({ id }) => ["passed", "failed", "unknown"].map((outcome) => `${id} ${outcome}`));
    assert.deepEqual(
      wanted.filter((row) => !tested.has(row) && !never.has(row)),
      [],
    );
  });

  test("ids rise and none is given twice", () => {
    const ids = rules.map(({ id }) => id);
    assert.deepEqual(ids, [...new Set(ids)].sort());
  });

  test("a failure has a message, subjects, evidence and a remedy", () => {
    for (const [id, what, facts] of table.filter(([, , , outcome]) => outcome === "failed")) {
      const finding = run(facts, strictly).find((candidate) => candidate.id === id);
      for (const member of ["message", "evidence", "remedy", "subjects"] as const)
        assert.ok((finding?.[member].length ?? 0) > 0, `${id} ${what}: no ${member}`);
      assert.equal(finding?.observedAt, new Date(facts.now).toISOString());
      assert.equal(finding.docs, `docs/preflight.md#${id.toLowerCase()}`);
      assert.equal(finding.overridable, overridableRules.includes(id));
    }
  });
});

describe("rulesets", () => {
  test("the older one ends on the day on which the newer one begins, and each says what becomes of the Istio add-on", () => {
    assert.deepEqual(
      Object.entries(rulesets).map(([name, { from, until, istioAddOn }]) => [name, from, until, istioAddOn.severity]),
      [
        ["seed-2024", undefined, "2026-04-08", "Block"],
        ["ga-2026", "2026-04-08", undefined, "Warn"],
      ],
    );
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
    // The pods of a cluster of one node have nowhere to go.
    assert.deepEqual(drained.kind === "Passed" && drained.warnings.map((finding) => finding.id), ["PF-049", "PF-067"]);
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
    const [detail] = failed.error.details ?? [];
    assert.match(detail?.message ?? "", /Migrate the cluster/);
    const [added] = detail?.additionalInfo ?? [];
    assert.deepEqual(
      [added?.type, added?.info["subjects"], added?.info["docs"], added?.info["observedAt"]],
      ["PreflightFinding", ["networkPlugin"], "docs/preflight.md#pf-007", "2026-04-01T00:00:00.000Z"],
    );
  });
});

type RoleRule = { readonly apiGroups: string[]; readonly resources: string[]; readonly verbs: string[]; readonly resourceNames?: string[] };
type Manifest = { readonly kind: string; readonly rules?: readonly RoleRule[] };

describe("the worker's rights", () => {
  const read = (name: string): readonly Manifest[] =>
    parseAllDocuments(readFileSync(new URL(`../../../infra/k8s/${name}`, import.meta.url), "utf8")).map((each) => each.toJS() as Manifest);
  const manifests = read("worker-rbac.yaml");
  const granted = (kind: string): readonly RoleRule[] =>
    manifests.filter((manifest) => manifest.kind === kind).flatMap((manifest) => manifest.rules ?? []);
  const asRule = ({ apiGroup, resource, verbs, name }: Omit<RequiredPermission, "inNamespace">): RoleRule => {
    return { apiGroups: [apiGroup], resources: [resource], verbs: [...verbs], ...(name === undefined ? {} : { resourceNames: [name] }) };
  };
  const asRules = (inNamespace: boolean): readonly RoleRule[] =>
    workerPermissions.filter((need: RequiredPermission) => need.inNamespace === inNamespace).map(asRule);

  test("are granted exactly, cluster-wide and in the bundle's namespace", () => {
    assert.deepEqual(granted("ClusterRole"), asRules(false));
    assert.deepEqual(granted("Role"), asRules(true));
  });

  test("are granted exactly in the namespace of a Cilium of the cluster's own, and nowhere else", () => {
    const rules = read("cilium/worker-rbac.yaml").flatMap((manifest) => manifest.rules ?? []);
    assert.deepEqual(rules, ciliumPermissions.map(asRule));
    assert.deepEqual(missingCiliumPermissions(rules), []);
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
    const lease = ["get leases.coordination.k8s.io", "update leases.coordination.k8s.io"];
    const ofAdmission = ["mutatingadmissionpolicies", "mutatingadmissionpolicybindings"].flatMap((resource) =>
      ["list", "update", "delete"].map((verb) => `${verb} ${resource}.admissionregistration.k8s.io`),
    );
    assert.deepEqual(missingPermissions(others, "Correct"), [
      ...["get", "list", "watch", "patch", "delete"].map((verb) => `${verb} ciliumclusterwidenetworkpolicies.cilium.io`),
      ...ofAdmission,
      ...lease,
    ]);
    assert.deepEqual(missingPermissions(others, "Off"), [...ofAdmission, ...lease], "nobody writes the network policy then");
    const narrowed = [...asRules(false), ...asRules(true)].map((rule) =>
      rule.resources[0] === "nodes" ? { ...rule, resourceNames: ["n1"] } : rule,
    );
    assert.deepEqual(missingPermissions(narrowed, "Correct"), ["get nodes", "list nodes", "watch nodes", "patch nodes"]);
  });
});
