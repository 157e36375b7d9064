import assert from "node:assert/strict";
import { test } from "node:test";
import { as, type OperationId, type Provisioning } from "@hostrouting/domain";
import { ArmError } from "../arm/arm-error.ts";
import { makeCluster, makeOperation } from "../testing/test-cluster.ts";
import { decideDelete, type DeleteDecision } from "./decide-delete.ts";

type Locked = Parameters<typeof decideDelete>[0];

const made = { provider: "lab", phase: "Settled", present: true } as Provisioning;
const enabled = makeCluster("one", { desiredMode: "BpfVeth" });

function remove(more: Partial<NonNullable<Locked>> | undefined, ifMatch?: string): DeleteDecision {
  const locked = more && { cluster: enabled, active: undefined, rolloutPolicy: {}, maintenance: {}, ...more };
  return decideDelete(locked, {
    name: "one",
    principal: { tenantId: "t", objectId: "o", name: "someone", type: "User" },
    operationId: as<OperationId>("op-new"),
    etag: "e2",
    now: "2026-04-02T00:00:00.000Z",
    preconditions: { ifMatch, ifNoneMatch: undefined },
  });
}

test("what is not there is gone already, whatever the condition", () => {
  assert.deepEqual(remove(undefined, "x"), { result: "Absent" });
});

test("a cluster that was made is its provider's to remove", () => {
  const { change, result } = remove({ provisioning: made });
  assert.deepEqual(result, { operationId: "op-new", location: "westeurope", subscriptionId: enabled.subscriptionId });
  assert.deepEqual(change?.provision, { provider: "lab", present: false, generation: 2 });
  assert.deepEqual([change?.begin?.kind, change?.begin?.control?.provision], ["DeleteManagedCluster", "Alone"]);
  assert.deepEqual([change?.cluster?.provisioningState, change?.cluster?.desiredMode], ["Deleting", "BpfVeth"]);
});

test("a cluster that was registered is only let go of: the engine switches it off, and no provider hears of it", () => {
  const { change } = remove({});
  assert.equal(change?.provision, undefined);
  assert.deepEqual([change?.begin?.kind, change?.begin?.mode, change?.begin?.control], ["DeleteManagedCluster", "None", undefined]);
  assert.deepEqual([change?.cluster?.provisioningState, change?.cluster?.desiredMode], ["Deleting", "None"]);
});

test("whatever is under way is canceled; a second DELETE follows the first; a stale condition refuses", () => {
  const superseded = remove({ active: makeOperation() }).change?.supersede;
  assert.deepEqual([superseded?.operationId, superseded?.error.code], ["op", "Superseded"]);
  const again = remove({ active: makeOperation({ kind: "DeleteManagedCluster" }) });
  assert.deepEqual(
    [again.change, again.result instanceof ArmError || again.result === "Absent" ? undefined : again.result.operationId],
    [undefined, "op"],
  );
  const stale = remove({}, "stale").result;
  assert.ok(stale instanceof ArmError && stale.status === 412);
});
