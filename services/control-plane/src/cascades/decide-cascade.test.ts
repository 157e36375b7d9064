import assert from "node:assert/strict";
import { test } from "node:test";
import { as, type Instant, type Operation, type OperationId, type Provisioning } from "@hostrouting/domain";
import { makeCluster, makeOperation } from "../testing/test-cluster.ts";
import { decideCascade, type CascadeDecision } from "./decide-cascade.ts";

type Locked = NonNullable<Parameters<typeof decideCascade>[0]>;

const SINCE = 1_000;
const made = { provider: "lab", phase: "Settled", present: true } as Provisioning;

function decide(more: Partial<Locked> | undefined, again = false): CascadeDecision {
  const locked = more && { cluster: makeCluster("one"), active: undefined, rolloutPolicy: {}, maintenance: {}, ...more };
  const principal = { tenantId: "t", objectId: "o", name: "someone", type: "User" } as const;
  const given = { name: "one", principal, operationId: as<OperationId>("op-new"), etag: "e2", now: "2026-04-02T00:00:00.000Z" };
  return decideCascade(locked, given, { since: SINCE, again: () => again });
}

function deletion(phase: Operation["phase"], startedAt: number): Operation {
  const error = phase === "Failed" ? { code: "NoRoom", message: "m" } : undefined;
  return makeOperation({ kind: "DeleteManagedCluster", phase, error, startedAt: as<Instant>(startedAt), endedAt: as<Instant>(startedAt) });
}

test("what is gone is gone; what is going is followed, whoever began it and when", () => {
  assert.deepEqual(decide(undefined), { result: { kind: "Gone" } });
  assert.deepEqual(decide({ active: deletion("Accepted", 0) }), { result: { kind: "Going" } });
});

test("whatever else is under way ends; a registered cluster is let go of, one that was made is its provider's to remove", () => {
  const registered = decide({ active: makeOperation() });
  assert.deepEqual(registered.result, { kind: "Begun", operationId: "op-new" });
  assert.deepEqual([registered.change?.supersede?.operationId, registered.change?.provision], ["op", undefined]);
  assert.equal(decide({ provisioning: made }).change?.provision?.present, false);
});

test("a deletion of this cascade that failed or was canceled rests, unless its time has come again; one from before does not count", () => {
  assert.deepEqual(decide({ last: deletion("Failed", SINCE) }), { result: { kind: "Rests", error: { code: "NoRoom", message: "m" } } });
  const canceled = decide({ last: deletion("Canceled", SINCE) }).result;
  assert.equal(canceled.kind === "Rests" && canceled.error.message, "Its deletion ended as Canceled.");
  assert.equal(decide({ last: deletion("Failed", SINCE) }, true).result.kind, "Begun");
  assert.equal(decide({ last: deletion("Failed", SINCE - 1) }).result.kind, "Begun");
  assert.equal(decide({ last: { ...deletion("Failed", SINCE), kind: "EnableHostRouting" } }).result.kind, "Begun");
});
