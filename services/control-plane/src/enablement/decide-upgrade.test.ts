import assert from "node:assert/strict";
import { test } from "node:test";
import { as, type ManagedCluster, type Operation, type OperationId, type OperationKind, type OperationPhase } from "@hostrouting/domain";
import { ArmError } from "../arm/arm-error.ts";
import { makeCluster, makeOperation } from "../testing/test-cluster.ts";
import { decideUpgrade } from "./decide-upgrade.ts";

const principal = { tenantId: "t", objectId: "o", name: "someone", type: "User" } as const;

function operation(kind: OperationKind, phase: OperationPhase): Operation {
  return makeOperation({ id: as<OperationId>("old"), kind, phase });
}

type Given = { active?: Operation; last?: Operation; cluster?: Partial<ManagedCluster> };

function upgrade(given: Given): string {
  const cluster = makeCluster("one", { desiredMode: "BpfVeth", ...given.cluster });
  const locked = { cluster, active: given.active, last: given.last, rolloutPolicy: {}, maintenance: {} };
  const { change, result } = decideUpgrade(locked, { name: "one", principal, operationId: as<OperationId>("new") });
  if (result instanceof ArmError) return `${result.status} ${result.message}`;
  if (change?.begin === undefined) return `${result.operationId} does already`;
  return `${change.begin.id} begins ${change.begin.kind} to ${change.begin.mode}, cluster ${change.cluster?.provisioningState}`;
}

const begins = "new begins UpgradeBundle to BpfVeth, cluster Updating";
const cases: readonly (readonly [name: string, given: Given, expected: string | RegExp])[] = [
  ["a cluster that is on", {}, begins],
  ["after an upgrade that failed", { last: operation("UpgradeBundle", "Failed"), cluster: { provisioningState: "Failed" } }, begins],
  ["after one that was canceled", { last: operation("UpgradeBundle", "Canceled"), cluster: { provisioningState: "Canceled" } }, begins],
  ["one that is under way", { active: operation("UpgradeBundle", "Rolling") }, "old does already"],
  [
    "one that goes back",
    { active: operation("UpgradeBundle", "RollingBack") },
    /^409 Operation UpgradeBundle .* Upgrade when it has ended\.$/,
  ],
  ["while host routing is switched on", { active: operation("EnableHostRouting", "Rolling") }, /^409 Operation EnableHostRouting/],
  [
    "after a switching on that failed",
    { last: operation("EnableHostRouting", "Failed"), cluster: { provisioningState: "Failed" } },
    /^409 Host routing is not on/,
  ],
  ["a cluster that is off", { cluster: { desiredMode: "None" } }, /^409 Host routing is not on/],
];
for (const [name, given, expected] of cases)
  test(`upgrade, ${name}`, () =>
    typeof expected === "string" ? assert.equal(upgrade(given), expected) : assert.match(upgrade(given), expected));

test("a cluster that is gone is not found", () => {
  const { result } = decideUpgrade(undefined, { name: "one", principal, operationId: as<OperationId>("new") });
  assert.equal(result instanceof ArmError && result.status, 404);
});
