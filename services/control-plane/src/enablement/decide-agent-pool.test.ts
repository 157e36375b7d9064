import assert from "node:assert/strict";
import { test } from "node:test";
import { as, type OperationId, type ProvisionedFacts, type Provisioning } from "@hostrouting/domain";
import type { LockedCluster } from "@hostrouting/store";
import { ArmError } from "../arm/arm-error.ts";
import type { Preconditions } from "../arm/etags.ts";
import { makeCluster, makeOperation } from "../testing/test-cluster.ts";
import { decideDeletePool, decidePutPool, findPool, poolEtag, type PoolDeletion, type PoolRequest } from "./decide-agent-pool.ts";
import type { PutDecision } from "./decide-settings.ts";

const cluster = makeCluster("one");
const facts = { fqdn: "made.local", pools: [] } as unknown as ProvisionedFacts;
const provisioning = { provider: "lab", phase: "Settled", present: true, facts } as Provisioning;

const registered: LockedCluster = { cluster, active: undefined, rolloutPolicy: {}, maintenance: {} };
const made: LockedCluster = { ...registered, provisioning };
const busy: LockedCluster = { ...made, active: makeOperation({ kind: "UpdateAgentPools", mode: "None" }) };
const deleting: LockedCluster = {
  ...made,
  cluster: { ...cluster, provisioningState: "Deleting" },
  active: makeOperation({ kind: "DeleteManagedCluster", mode: "None" }),
};
const failed: LockedCluster = {
  ...made,
  cluster: { ...cluster, provisioningState: "Failed" },
  provisioning: { ...provisioning, phase: "Stopped" },
  last: makeOperation({ kind: "UpdateAgentPools", mode: "None", phase: "Failed" }),
};

function given(pool: string, { ifMatch, ifNoneMatch }: Partial<Preconditions> = {}): PoolRequest {
  return {
    name: "one",
    pool,
    preconditions: { ifMatch, ifNoneMatch },
    principal: { tenantId: "t", objectId: "o", name: "someone", type: "User" },
    operationId: as<OperationId>("op-new"),
    etag: "e2",
    now: "2026-04-02T00:00:00.000Z",
  };
}

/** In short: what was decided, in the order in which it matters. */
function summary({ change, result }: PutDecision | PoolDeletion): string {
  if (result instanceof ArmError) return `${result.status} ${result.fault.subcode ?? result.fault.code}`;
  const begins = change?.begin && `begin ${change.begin.kind}${change.provision === undefined ? "" : " by its provider"}`;
  const stores = change === undefined ? "nothing" : `store g${change.cluster?.generation}`;
  const isNew = "isNew" in result && result.isNew && "new";
  return [isNew, begins ?? stores, result.operationId && `follow ${result.operationId}`].filter(Boolean).join(", ");
}

const BEGINS = "begin UpdateAgentPools by its provider, follow op-new";

type Put = readonly [
  name: string,
  locked: LockedCluster | undefined,
  pool: string,
  properties: Readonly<Record<string, unknown>>,
  expected: string,
  conditions?: Partial<Preconditions>,
];
const puts: readonly Put[] = [
  ["of no cluster", undefined, "user", { count: 3 }, "404 ResourceNotFound"],
  ["another count", made, "user", { count: 3 }, BEGINS],
  ["another count, in another letter case", made, "USER", { count: 3 }, BEGINS],
  ["another count, with the cluster's etag, which is the pool's own", made, "user", { count: 3 }, BEGINS, { ifMatch: "etag-of-one" }],
  ["a stale etag", made, "user", { count: 3 }, "412 PreconditionFailed", { ifMatch: "stale" }],
  ["one that must be new and is not", made, "user", { count: 3 }, "412 PreconditionFailed", { ifNoneMatch: "*" }],
  ["one that must be there and is not", made, "extra", { count: 3 }, "412 PreconditionFailed", { ifMatch: "*" }],
  ["what there is", made, "user", { count: 2 }, "nothing"],
  ["labels", made, "user", { nodeLabels: { a: "b" } }, BEGINS],
  ["a new pool", made, "extra", { count: 1, mode: "User" }, `new, ${BEGINS}`],
  ["a new pool of a version that is not made", made, "extra", { count: 1, orchestratorVersion: "1.35" }, "400 K8sVersionNotSupported"],
  ["a new pool that is newer than its cluster", made, "extra", { orchestratorVersion: "1.37" }, "400 NodePoolMcVersionIncompatible"],
  ["a new pool of a patch of its cluster's version", made, "extra", { orchestratorVersion: "1.36.3" }, `new, ${BEGINS}`],
  ["another version", made, "user", { orchestratorVersion: "1.36.3" }, "400 PropertyChangeNotAllowed"],
  ["another machine", made, "user", { vmSize: "Standard_D64s_v5" }, "400 PropertyChangeNotAllowed"],
  ["a count that is none", made, "user", { count: -1 }, "400 InvalidParameter"],
  ["no node of mode System", made, "system", { count: 0 }, "400 InvalidParameter"],
  ["a pool of a registered cluster", registered, "user", { count: 3 }, "400 PropertyChangeNotAllowed"],
  ["a new pool of a registered cluster", registered, "extra", { count: 1, mode: "User" }, "400 PropertyChangeNotAllowed"],
  ["another count meanwhile", busy, "user", { count: 3 }, "409 OperationNotAllowed"],
  ["the same count meanwhile", busy, "user", { count: 2 }, "nothing, follow op"],
  ["a pool of what is being deleted", deleting, "user", { count: 2 }, "409 OperationNotAllowed"],
  ["what there is, after it failed", failed, "user", { count: 2 }, BEGINS],
];
for (const [name, locked, pool, properties, expected, conditions] of puts)
  test(`PUT of a pool, ${name}: ${expected}`, () =>
    assert.equal(summary(decidePutPool(locked, { ...given(pool, conditions), properties })), expected));

type Deletion = readonly [
  name: string,
  locked: LockedCluster | undefined,
  pool: string,
  expected: string,
  conditions?: Partial<Preconditions>,
];
const deletions: readonly Deletion[] = [
  ["of no cluster", undefined, "user", "404 ResourceNotFound"],
  ["one that is gone", made, "extra", "nothing"],
  ["one that is gone, of a registered cluster", registered, "extra", "nothing"],
  ["one that is there", made, "User", BEGINS],
  ["a stale etag", made, "user", "412 PreconditionFailed", { ifMatch: "stale" }],
  ["the last of mode System", made, "system", "400 LastSystemAgentPool"],
  ["of a registered cluster", registered, "user", "400 PropertyChangeNotAllowed"],
  ["meanwhile", busy, "user", "409 OperationNotAllowed"],
  ["of what is being deleted", deleting, "user", "409 OperationNotAllowed"],
  ["after an operation failed", failed, "user", BEGINS],
];
for (const [name, locked, pool, expected, conditions] of deletions)
  test(`DELETE of a pool, ${name}: ${expected}`, () => assert.equal(summary(decideDeletePool(locked, given(pool, conditions))), expected));

test("a write of one pool changes its own etag, and neither the cluster's nor another pool's", () => {
  const { change } = decidePutPool(made, { ...given("user"), properties: { count: 3 } });
  assert.ok(change?.cluster);
  const etagOf = (name: string): string | undefined => {
    const pool = change.cluster && findPool(change.cluster, name);
    return pool && change.cluster && poolEtag(change.cluster, pool);
  };
  assert.deepEqual([change.cluster.etag, etagOf("user"), etagOf("system")], ["etag-of-one", "e2", "etag-of-one"]);
  assert.deepEqual(findPool(change.cluster, "user")?.["count"], 3);
});
