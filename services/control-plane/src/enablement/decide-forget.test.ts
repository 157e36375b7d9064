import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError, type HostRoutingStatus, type Provisioning } from "@hostrouting/domain";
import { makeCluster, makeOperation } from "../testing/test-cluster.ts";
import { decideForget } from "./decide-forget.ts";

type Locked = NonNullable<Parameters<typeof decideForget>[0]>;

const locked: Locked = {
  cluster: makeCluster("one"),
  active: makeOperation({ kind: "DeleteManagedCluster" }),
  rolloutPolicy: {},
  maintenance: {},
};
const waitsFor = (reason: string): HostRoutingStatus => ({ waits: [{ reason }] }) as unknown as HostRoutingStatus;
const away = waitsFor("ClusterUnreachable");
const made = { provider: "lab", phase: "Pending", present: false } as Provisioning;

const refused: readonly (readonly [name: string, locked: Locked | undefined, status: HostRoutingStatus | undefined, says: RegExp])[] = [
  ["that is not there", undefined, away, /There is no cluster/],
  ["that its provider removes", { ...locked, provisioning: made }, away, /was made here/],
  ["that stays", { ...locked, active: undefined }, away, /is not being deleted/],
  ["on which something else goes on", { ...locked, active: makeOperation() }, away, /is not being deleted/],
  ["that nobody has looked at yet", locked, undefined, /does not wait/],
  ["that is let go of", locked, waitsFor("Detaching"), /does not wait/],
];
for (const [name, found, status, says] of refused)
  test(`a cluster ${name} is not forgotten`, () => {
    const { change, result } = decideForget(found, { id: "/x/one", status });
    assert.equal(change, undefined);
    assert.ok(result instanceof AppError);
    assert.match(result.message, says);
    assert.notEqual(result.remedy, "");
  });

test("a cluster that is out of reach while it is deleted is forgotten, and its deletion says so", () => {
  const { change, result } = decideForget(locked, { id: "/x/one", status: away });
  assert.equal(result, "Forgotten");
  assert.deepEqual([change?.forget, change?.supersede?.operationId, change?.supersede?.error.code], [true, "op", "ClusterForgotten"]);
});
