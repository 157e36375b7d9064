import assert from "node:assert/strict";
import { test } from "node:test";
import { as, type Instant, type ManagedCluster, type Operation, type OperationId, type OperationPhase } from "@hostrouting/domain";
import { ArmError } from "../arm/arm-error.ts";
import { makeCluster } from "../testing/test-cluster.ts";
import { decideCancel } from "./decide-cancel.ts";
import { decidePut, type PutDecision } from "./decide-put.ts";
import { converterOf } from "../versions/cluster-converter.ts";

const principal = { tenantId: "t", objectId: "o", name: "someone", type: "User" } as const;
const running = as<OperationId>("op-running");
const fresh = as<OperationId>("op-new");

function operation(mode: "BpfVeth" | "None", phase: OperationPhase = "Rolling"): Operation {
  const kind = mode === "BpfVeth" ? "EnableHostRouting" : "DisableHostRouting";
  const times = { startedAt: as<Instant>(0), endedAt: undefined };
  return {
    id: running,
    clusterId: makeCluster("one").id,
    kind,
    mode,
    generation: 2,
    phase,
    percentComplete: 10,
    error: undefined,
    cancelRequested: false,
    control: {},
    revision: 0,
    tenantId: "t",
    objectId: "o",
    ...times,
  };
}

const acns = (mode: string, more: object = {}): object => ({
  networkProfile: { advancedNetworking: { enabled: true, performance: { accelerationMode: mode }, ...more } },
});
const settled = makeCluster("one");
const enabled = ((): ManagedCluster => {
  const decision = decide(settled, undefined, { properties: acns("BpfVeth") });
  assert.ok(!(decision.result instanceof ArmError));
  return { ...decision.result.cluster, provisioningState: "Succeeded", activeOperationId: undefined };
})();
const busy = (mode: "BpfVeth" | "None"): ManagedCluster => ({
  ...(mode === "BpfVeth" ? enabled : settled),
  provisioningState: "Updating",
  activeOperationId: running,
});

function decide(cluster: ManagedCluster | undefined, active: Operation | undefined, request: object): PutDecision {
  const preconditions = { ifMatch: undefined, ifNoneMatch: undefined };
  const put = {
    name: "one",
    request,
    claimedState: undefined,
    converter: converterOf("2026-04-01"),
    preconditions,
    principal,
    operationId: fresh,
    etag: "etag-new",
    now: "2026-04-02T00:00:00.000Z",
  };
  return decidePut(cluster && { cluster, active, rolloutPolicy: {}, maintenance: {} }, put);
}

/** In short: what was decided, in the order in which it matters. */
function summary({ change, result }: PutDecision): string {
  if (result instanceof ArmError) return `${result.status} ${result.fault.code}${change === undefined ? "" : " with a change"}`;
  const begins = change?.begin && `begin ${change.begin.mode} g${change.begin.generation}`;
  const supersedes = change?.supersede && "supersede";
  const stores = change === undefined ? "nothing" : `store g${change.cluster?.generation}`;
  return [supersedes, begins ?? stores, result.operationId === undefined ? "no operation" : `follow ${result.operationId}`]
    .filter(Boolean)
    .join(", ");
}

type Row = readonly [name: string, cluster: ManagedCluster | undefined, active: Operation | undefined, request: object, expected: string];
const rows: readonly Row[] = [
  ["settled, other mode", settled, undefined, { properties: acns("BpfVeth") }, "begin BpfVeth g2, follow op-new"],
  ["settled, same mode", settled, undefined, { properties: acns("None") }, "nothing, no operation"],
  ["settled, empty request", settled, undefined, {}, "nothing, no operation"],
  ["settled, tags", settled, undefined, { tags: { a: "b" } }, "store g1, no operation"],
  ["settled, tags cleared", settled, undefined, { tags: {} }, "store g1, no operation"],
  ["settled, other properties", settled, undefined, { properties: { oidcIssuerProfile: { enabled: true } } }, "store g2, no operation"],
  [
    "enabled, performance left out means None",
    enabled,
    undefined,
    { properties: { networkProfile: { advancedNetworking: { enabled: true } } } },
    "begin None g3, follow op-new",
  ],
  [
    "enabled, advancedNetworking null means off",
    enabled,
    undefined,
    { properties: { networkProfile: { advancedNetworking: null } } },
    "begin None g3, follow op-new",
  ],
  ["enabled, advancedNetworking left out keeps", enabled, undefined, { properties: { networkProfile: {} } }, "nothing, no operation"],
  [
    "enabled, ACNS off",
    enabled,
    undefined,
    { properties: { networkProfile: { advancedNetworking: { enabled: false } } } },
    "begin None g3, follow op-new",
  ],
  ["failed, same again", { ...enabled, provisioningState: "Failed" }, undefined, {}, "begin BpfVeth g3, follow op-new"],
  ["canceled, same again", { ...settled, provisioningState: "Canceled" }, undefined, {}, "begin None g2, follow op-new"],
  [
    "an ended operation does not count",
    settled,
    operation("None", "Failed"),
    { properties: acns("BpfVeth") },
    "begin BpfVeth g2, follow op-new",
  ],
  ["enabling, reversed", busy("BpfVeth"), operation("BpfVeth"), { properties: acns("None") }, "supersede, begin None g3, follow op-new"],
  [
    "enabling, reversed by turning ACNS off",
    busy("BpfVeth"),
    operation("BpfVeth"),
    { properties: { networkProfile: { advancedNetworking: { enabled: false } } } },
    "supersede, begin None g3, follow op-new",
  ],
  ["disabling, reversed", busy("None"), operation("None"), { properties: acns("BpfVeth") }, "supersede, begin BpfVeth g2, follow op-new"],
  [
    "canceling, reversed",
    busy("BpfVeth"),
    operation("BpfVeth", "Canceling"),
    { properties: acns("None") },
    "supersede, begin None g3, follow op-new",
  ],
  ["enabling, equal", busy("BpfVeth"), operation("BpfVeth"), { properties: acns("BpfVeth") }, "nothing, follow op-running"],
  ["enabling, tags", busy("BpfVeth"), operation("BpfVeth"), { tags: { a: "b" } }, "store g2, follow op-running"],
  [
    "enabling, other properties",
    busy("BpfVeth"),
    operation("BpfVeth"),
    { properties: { oidcIssuerProfile: { enabled: true } } },
    "409 OperationNotAllowed",
  ],
  ["enabling, sku", busy("BpfVeth"), operation("BpfVeth"), { sku: { tier: "Free" } }, "409 OperationNotAllowed"],
  [
    "disabling, reversed but not admitted",
    busy("None"),
    operation("None"),
    { properties: { networkProfile: { advancedNetworking: { enabled: false, performance: { accelerationMode: "BpfVeth" } } } } },
    "400 BadRequest",
  ],
  ["location in other words", settled, undefined, { location: "West Europe" }, "nothing, no operation"],
  ["another location", settled, undefined, { location: "eastus" }, "409 InvalidResourceLocation"],
  ["absent", undefined, undefined, { location: "westeurope" }, "400 BadRequest"],
];

for (const [name, cluster, active, request, expected] of rows)
  test(`PUT, ${name}: ${expected}`, () => assert.equal(summary(decide(cluster, active, request)), expected));

test("what begins is written whole: mode, state, operation, etag, who and when", () => {
  const { change } = decide(settled, undefined, { properties: acns("BpfVeth") });
  assert.deepEqual(
    [change?.cluster?.desiredMode, change?.cluster?.provisioningState, change?.cluster?.activeOperationId, change?.cluster?.etag],
    ["BpfVeth", "Updating", fresh, "etag-new"],
  );
  assert.deepEqual([change?.begin?.tenantId, change?.begin?.objectId, change?.begin?.kind], ["t", "o", "EnableHostRouting"]);
  const { createdBy, lastModifiedBy, lastModifiedByType, lastModifiedAt } = change?.cluster?.systemData ?? settled.systemData;
  assert.deepEqual(
    [createdBy, lastModifiedBy, lastModifiedByType, lastModifiedAt],
    ["setup", "someone", "User", "2026-04-02T00:00:00.000Z"],
  );
});

test("a decision changes neither what is stored nor what was asked", () => {
  const request = { properties: acns("BpfVeth", { security: { enabled: true } }), tags: { a: "b" } };
  const before = structuredClone({ settled, request });
  decide(settled, undefined, request);
  assert.deepEqual({ settled, request }, before);
});

const cancels: readonly (readonly [name: string, active: Operation | undefined, expected: string])[] = [
  ["nothing under way", undefined, "409"],
  ["an ended operation", operation("BpfVeth", "Succeeded"), "409"],
  ["a running one", operation("BpfVeth"), "cancel op-running"],
  ["one that was asked already", { ...operation("BpfVeth"), cancelRequested: true }, "nothing"],
];
for (const [name, active, expected] of cancels)
  test(`cancel, ${name}: ${expected}`, () => {
    const { change, result } = decideCancel({ cluster: settled, active, rolloutPolicy: {}, maintenance: {} }, "one", principal);
    assert.equal(
      result instanceof ArmError ? String(result.status) : change === undefined ? "nothing" : `cancel ${change.requestCancel}`,
      expected,
    );
  });
