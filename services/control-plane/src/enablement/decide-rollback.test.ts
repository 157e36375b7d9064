import assert from "node:assert/strict";
import { test } from "node:test";
import { as, type Operation, type OperationId, type OperationKind, type OperationPhase } from "@hostrouting/domain";
import { clusterProfile } from "@hostrouting/preflight";
import { ArmError } from "../arm/arm-error.ts";
import { makeCluster, makeOperation } from "../testing/test-cluster.ts";
import { decideRollback } from "./decide-rollback.ts";

const before = makeCluster("one");
const on = { networkProfile: { advancedNetworking: { enabled: true, performance: { accelerationMode: "BpfVeth" } } } };
const cluster = makeCluster("one", { desiredMode: "BpfVeth", properties: { ...before.properties, ...on } });
const request = {
  name: "one",
  principal: { tenantId: "t", objectId: "o", name: "someone", type: "User" },
  operationId: as<OperationId>("new"),
  etag: "new-etag",
  now: "2026-04-01T00:00:00.000Z",
} as const;

function operation(kind: OperationKind, phase: OperationPhase, more: Partial<Operation> = {}): Operation {
  const mode = kind === "EnableHostRouting" ? "BpfVeth" : "None";
  return makeOperation({ id: as<OperationId>("old"), kind, mode, phase, ...more });
}

/** What comes of it: who takes back and what ends for it, or the refusal. */
function rollback(given: { active?: Operation; last?: Operation }): string {
  const { change, result } = decideRollback(
    { cluster, active: given.active, last: given.last, rolloutPolicy: {}, maintenance: {} },
    request,
  );
  if (result instanceof ArmError) return `${result.status} ${result.message}`;
  const { begin, supersede } = change ?? {};
  if (begin === undefined) return `${result.operationId} does already`;
  const { bundles } = begin.control ?? {};
  const to = bundles === undefined ? "" : `, from ${bundles.from.digest} to ${bundles.to.digest}, ${begin.mode}`;
  return `${begin.id} begins${to}${supersede === undefined ? "" : `, ${supersede.operationId} ends as ${supersede.error.code}`}`;
}

const enable = (phase: OperationPhase, more: Partial<Operation> = {}): Operation => operation("EnableHostRouting", phase, more);
const bundle = (digest: string): { image: string; digest: string } => ({ image: digest, digest });
const newer = { control: { bundles: { from: bundle("old"), to: bundle("new") } }, mode: "BpfVeth" } as const;
const older = { control: { bundles: { from: bundle("new"), to: bundle("old") } }, mode: "BpfVeth" } as const;
const error = { code: "NodeSwitchFailed", message: "" };
const cases: readonly (readonly [name: string, given: Parameters<typeof rollback>[0], expected: string | RegExp])[] = [
  ["a paused operation", { active: enable("Paused") }, "new begins, old ends as Superseded"],
  ["one that soaks at its end", { active: enable("Finishing") }, "new begins, old ends as Superseded"],
  ["one that has failed", { last: enable("Failed") }, "new begins"],
  ["a rollback that has failed", { last: operation("RollbackHostRouting", "Failed") }, "new begins"],
  [
    "an upgrade that is paused",
    { active: operation("UpgradeBundle", "Paused", newer) },
    "new begins, from new to old, BpfVeth, old ends as Superseded",
  ],
  ["an upgrade that has failed", { last: operation("UpgradeBundle", "Failed", newer) }, "new begins, from new to old, BpfVeth"],
  ["its rollback that has failed", { last: operation("RollbackHostRouting", "Failed", older) }, "new begins, from new to old, BpfVeth"],
  ["an upgrade that was canceled", { last: operation("UpgradeBundle", "Canceled", newer) }, /^409 Nothing can be rolled back/],
  ["what is rolled back already", { active: operation("RollbackHostRouting", "Rolling") }, "old does already"],
  ["what the policy rolls back already", { active: enable("RollingBack", { error }) }, "old does already"],
  [
    "one that rolls",
    { active: enable("Rolling") },
    /^409 .* is in phase Rolling\. Allowed now: pause, cancel, retry, skip, approve, reject\.$/,
  ],
  ["one that is on its way to a pause", { active: enable("Pausing") }, /^409 .* Allowed now: pause, resume, cancel, retry, skip\.$/],
  ["one that winds down", { active: enable("Finishing", { error }) }, /^409 .*, and is winding down\. Allowed now: cancel\.$/],
  ["a switching off", { active: operation("DisableHostRouting", "Paused") }, /^409 .* Allowed now: pause, resume, cancel\.$/],
  [
    "a switching off that has failed",
    { last: operation("DisableHostRouting", "Failed") },
    /^409 Nothing can be rolled back .* mode to None\.$/,
  ],
  ["a settled cluster", {}, /^409 Nothing can be rolled back .* mode to None\.$/],
];
for (const [name, given, expected] of cases)
  test(`rollback, ${name}`, () =>
    typeof expected === "string" ? assert.equal(rollback(given), expected) : assert.match(rollback(given), expected));

test("the resource says afterwards what the cluster is brought to, and nothing else of it changes", () => {
  const { change } = decideRollback({ cluster, active: enable("Paused"), rolloutPolicy: {}, maintenance: {} }, request);
  const after = change?.cluster;
  assert.deepEqual(
    [after?.desiredMode, after?.generation, after?.provisioningState, after?.activeOperationId, after?.etag],
    ["None", cluster.generation + 1, "Updating", "new", "new-etag"],
  );
  const profile = clusterProfile(after?.properties ?? {});
  assert.deepEqual([profile.advancedNetworking.enabled, profile.advancedNetworking.performance.accelerationMode], [true, "None"]);
  assert.deepEqual(profile.pools, clusterProfile(cluster.properties).pools);
  assert.deepEqual(change?.begin, {
    id: "new",
    kind: "RollbackHostRouting",
    mode: "None",
    generation: 2,
    tenantId: "t",
    objectId: "o",
    control: {},
  });
});

test("a cluster that is gone is not found", () => {
  const { result } = decideRollback(undefined, request);
  assert.equal(result instanceof ArmError && result.status, 404);
});
