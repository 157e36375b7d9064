import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { as, type Instant, type PreflightOverride } from "@hostrouting/domain";
import { clusterProfile } from "./cluster-profile.ts";
import type { ClusterFacts, NodeFacts } from "./facts.ts";
import { verdict } from "./finding.ts";
import { overridableRules, run, type Allowance } from "./run.ts";
import { rules } from "./rules.ts";
import { standingRules } from "./standing-rules.ts";

const DAY_MS = 86_400_000;
const END = Date.UTC(2026, 3, 1);
const until = "2026-04-01T00:00:00.000Z";
const given: PreflightOverride = { ruleId: "PF-017", reason: "no LSM\u001b[2J here", expiresAt: until };
const shown = { reason: String.raw`no LSM\u{1b}[2J here`, expiresAt: until };

function node(name: string, guardRung: NodeFacts["guardRung"]): NodeFacts {
  const labels = { pool: "user", os: "linux", osSkuEffective: "Ubuntu2404", osImage: "Ubuntu 24.04.3 LTS", kubeletVersion: "v1.36.3" };
  return {
    name,
    ...labels,
    upgradeStatus: "",
    instanceType: "Standard_D4s_v5",
    kernelVersion: "6.8.0",
    createdAtMs: 0,
    ready: true,
    cordoned: false,
    allocatable: { cpuMilli: 2_000, memoryBytes: 2 ** 33 },
    agentOs: undefined,
    preconditions: undefined,
    scan: undefined,
    masqueradeConfig: undefined,
    connections: undefined,
    bundleImage: undefined,
    guardRung,
  };
}
const facts = (...rungs: NodeFacts["guardRung"][]): ClusterFacts => ({
  driver: "bundle",
  now: as<Instant>(0),
  ruleset: "ga-2026",
  nodeAction: "SwitchInPlace",
  drainTimeoutMs: 60_000,
  maxUnavailable: 1,
  nodeTimeoutMs: 0,
  maintenance: { mode: "Ignore", minRemainingMinutes: 0, configurations: {} },
  profile: clusterProfile({
    kubernetesVersion: "1.36.3",
    networkProfile: { networkPlugin: "azure", networkDataplane: "cilium", advancedNetworking: { enabled: true } },
  }),
  provisioningState: "Updating",
  ownOperation: true,
  poolStates: {},
  serverVersion: { known: true, value: "v1.36.3" },
  clockAheadMs: { known: true, value: 0 },
  pods: { known: true, value: [] },
  budgets: { known: true, value: [] },
  admission: { known: true, value: { refusal: undefined } },
  nodes: { known: true, value: rungs.map((rung, index) => node(`n${index + 1}`, rung)) },
  azure: { known: false, because: "it is not asked" },
  ciliumPermissions: { known: false, because: "it is not asked" },
  cilium: { known: false, because: "it is not asked" },
  policyMode: "Correct",
  managedPolicy: { known: true, value: "Fine" },
  permissions: { known: true, value: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }] },
});
const at = (ms: number, ...overrides: readonly PreflightOverride[]): Allowance => ({ overrides, now: as<Instant>(ms) });

describe("a finding under an override", () => {
  const judge = (allowance: Allowance) => run(facts("Lsm", "Audit"), allowance).find(({ id }) => id === "PF-017");

  test("passes and is shown until the override ends; at that moment the rule fails again", () => {
    const before = run(facts("Lsm", "Audit"), at(END - 1, given));
    const passed = verdict(before);
    assert.deepEqual(passed.kind === "Passed" && passed.warnings.map(({ id, outcome, subjects }) => [id, outcome, subjects]), [
      ["PF-017", "overridden", ["node n2"]],
    ]);
    assert.deepEqual(judge(at(END - 1, given))?.override, { ...shown, expired: false });
    const failed = verdict(run(facts("Lsm", "Audit"), at(END, given)));
    assert.match(
      (failed.kind === "Failed" && failed.error.details?.[0]?.message) || "",
      /Its override ended at 2026-04-01T00:00:00.000Z\./,
    );
  });

  test("fails without one, under another rule's, and under one whose end cannot be read", () => {
    for (const override of [[], [{ ...given, ruleId: "PF-018" }], [{ ...given, expiresAt: "some day" }]])
      assert.equal(judge(at(0, ...override))?.outcome, "failed");
  });

  test("an override changes nothing where the rule holds, is skipped, or where nobody knows", () => {
    const outcomes = [facts("Lsm"), facts(undefined), { ...facts(), nodes: { known: false, because: "away" } } as ClusterFacts].map(
      (seen) => run(seen, at(0, given)).find(({ id }) => id === "PF-017"),
    );
    assert.deepEqual(
      outcomes.map((finding) => [finding?.outcome, finding?.override]),
      [
        ["passed", undefined],
        ["skipped", undefined],
        ["unknown", undefined],
      ],
    );
  });

  test("no rule is overridden that does not declare it", () => {
    const firm = rules.filter(({ overridable }) => overridable === undefined).map(({ id }) => ({ ...given, ruleId: id }));
    const broken: ClusterFacts = { ...facts("Audit"), ownOperation: false, profile: clusterProfile({}) };
    assert.deepEqual(run(broken, at(0, ...firm)), run(broken, at(0)));
    assert.deepEqual(overridableRules, ["PF-017", "PF-051", "PF-052"]);
  });
});

describe("between preflights", () => {
  const rows: readonly (readonly [
    what: string,
    seen: ClusterFacts,
    allowance: Allowance,
    warnings: readonly string[],
    refused: readonly string[],
  ])[] = [
    ["all is well", facts("Lsm", "FmodRet", undefined), at(0), [], []],
    ["an override that nothing needs", facts("Lsm"), at(END - 1, given), [], []],
    ["an override in force", facts("Lsm", "Audit"), at(END - 7 * DAY_MS - 1, given), ["PF-017"], []],
    ["seven days before its end", facts("Lsm", "Audit"), at(END - 7 * DAY_MS, given), ["PF-017", "override-ending"], []],
    ["its last millisecond", facts("Lsm", "Audit"), at(END - 1, given), ["PF-017", "override-ending"], []],
    ["its end", facts("Lsm", "Audit", "Unsupported"), at(END, given), ["PF-017"], ["n2 ended", "n3 ended"]],
    ["no override", facts("Lsm", "Audit"), at(0), ["PF-017"], ["n2 never"]],
  ];
  for (const [what, seen, allowance, warnings, refused] of rows)
    test(what, () => {
      const standing = standingRules(seen, allowance);
      assert.deepEqual(
        standing.warnings.map(({ id }) => id),
        warnings,
      );
      assert.deepEqual(
        standing.refusals.map(({ node: name, ruleId, overrideEnded }) => {
          assert.equal(ruleId, "PF-017");
          return `${name} ${overrideEnded ? "ended" : "never"}`;
        }),
        refused,
      );
      for (const { id } of standing.warnings) assert.ok(standing.warningIds.includes(id));
    });

  test("what was not read refuses nothing", () => {
    assert.deepEqual(standingRules({ ...facts(), nodes: { known: false, because: "away" } }, at(0)).refusals, []);
  });

  test("a warning says under which override, and after its end that nodes stay on", () => {
    const { warnings } = standingRules(facts("Audit"), at(END - 1, given));
    assert.deepEqual(
      warnings.map(({ override, subjects }) => [override, subjects]),
      [
        [shown, ["node n1"]],
        [undefined, ["node n1"]],
      ],
    );
    const [ended] = standingRules(facts("Audit"), at(END, given)).warnings;
    assert.deepEqual(ended?.override, shown);
    assert.match(ended?.message ?? "", /Its override ended at .* Nodes that are on stay on; no further node/);
  });
});
