import assert from "node:assert/strict";
import { test } from "node:test";
import { as, type ManagedCluster, type OperationId, type ProvisionedFacts, type Provisioning } from "@hostrouting/domain";
import type { LockedCluster } from "@hostrouting/store";
import { ArmError } from "../arm/arm-error.ts";
import { acceleratable, makeCluster, makeOperation } from "../testing/test-cluster.ts";
import { converterOf } from "../versions/cluster-converter.ts";
import { decidePatch } from "./decide-patch.ts";
import type { PutDecision } from "./decide-settings.ts";

const settled = makeCluster("one");
const facts = { fqdn: "made.local", pools: [] } as unknown as ProvisionedFacts;
const made = { provider: "lab", phase: "Settled", present: true, facts } as Provisioning;

const lock = (more: Partial<LockedCluster> = {}): LockedCluster => ({
  cluster: settled,
  active: undefined,
  rolloutPolicy: {},
  maintenance: {},
  ...more,
});
const acns = (advancedNetworking: object): object => ({ properties: { networkProfile: { advancedNetworking } } });
const on = acns({ performance: { accelerationMode: "BpfVeth" } });
const pools = (...agentPoolProfiles: object[]): object => ({ properties: { agentPoolProfiles } });

function patch(locked: LockedCluster | undefined, body: object, ifMatch?: string): PutDecision {
  return decidePatch(locked, {
    name: "one",
    patch: body,
    converter: converterOf("2026-04-01"),
    preconditions: { ifMatch, ifNoneMatch: undefined },
    principal: { tenantId: "t", objectId: "o", name: "someone", type: "User" },
    operationId: as<OperationId>("op-new"),
    etag: "e2",
    now: "2026-04-02T00:00:00.000Z",
  });
}

/** In short: what was decided, in the order in which it matters. */
function summary({ change, result }: PutDecision): string {
  if (result instanceof ArmError) return `${result.status} ${result.fault.code}${change === undefined ? "" : " with a change"}`;
  const begins = change?.begin && `begin ${change.begin.kind}${change.provision === undefined ? "" : " by its provider"}`;
  const stores = change === undefined ? "nothing" : `store g${change.cluster?.generation}`;
  return [change?.supersede && "supersede", begins ?? stores, result.operationId && `follow ${result.operationId}`]
    .filter(Boolean)
    .join(", ");
}

function enabled(cluster: ManagedCluster): ManagedCluster {
  const { result } = patch(lock(), on);
  assert.ok(!(result instanceof ArmError));
  return { ...cluster, properties: result.cluster.properties };
}

const busy = lock({
  cluster: { ...enabled(settled), provisioningState: "Updating", desiredMode: "BpfVeth" },
  active: makeOperation(),
});
const deleting = lock({
  cluster: { ...settled, provisioningState: "Deleting" },
  active: makeOperation({ kind: "DeleteManagedCluster", mode: "None" }),
});

type Row = readonly [name: string, locked: LockedCluster | undefined, body: object, expected: string, ifMatch?: string];
const rows: readonly Row[] = [
  ["of what is not there", undefined, { tags: {} }, "404 ResourceNotFound"],
  ["with a stale etag", lock(), on, "412 PreconditionFailed", "stale"],
  ["with the right etag", lock(), on, "begin EnableHostRouting, follow op-new", "etag-of-one"],
  ["of nothing", lock(), {}, "nothing"],
  ["of the tags that are there", lock(), { tags: { team: "net" } }, "nothing"],
  ["of the tags", lock(), { tags: { a: "b" } }, "store g1"],
  ["of another member", lock(), { properties: { supportPlan: "AKSLongTermSupport" } }, "store g2"],
  ["that contradicts itself", lock(), acns({ enabled: false, performance: { accelerationMode: "BpfVeth" } }), "400 BadRequest"],
  ["of a count of a registered cluster", lock(), pools({ name: "user", count: 3 }), "400 PropertyChangeNotAllowed"],
  [
    "of a count of a made one",
    lock({ provisioning: made }),
    pools({ name: "USER", count: 3 }),
    "begin UpdateAgentPools by its provider, follow op-new",
  ],
  ["of the tags meanwhile", busy, { tags: { a: "b" } }, "store g1, follow op"],
  ["of another member meanwhile", busy, { properties: { supportPlan: "AKSLongTermSupport" } }, "409 OperationNotAllowed"],
  [
    "of the reverse mode meanwhile",
    busy,
    acns({ performance: { accelerationMode: "None" } }),
    "supersede, begin DisableHostRouting, follow op-new",
  ],
  ["of what is being deleted", deleting, { tags: { a: "b" } }, "409 OperationNotAllowed"],
];

for (const [name, locked, body, expected, ifMatch] of rows)
  test(`a PATCH ${name}: ${expected}`, () => assert.equal(summary(patch(locked, body, ifMatch)), expected));

test("tags are replaced whole; properties are merged, a null removes a member, and pools are found by their names", () => {
  const body = { tags: { a: "b" }, properties: { storageProfile: null, agentPoolProfiles: [{ name: "user", nodeLabels: { x: "y" } }] } };
  const { change } = patch(lock({ provisioning: made }), body);
  assert.deepEqual(change?.cluster?.tags, { a: "b" });
  const { storageProfile, agentPoolProfiles, dnsPrefix } = change?.cluster?.properties ?? {};
  const [system, user] = acceleratable.agentPoolProfiles;
  assert.deepEqual([storageProfile, dnsPrefix], [undefined, "lab"]);
  assert.deepEqual(agentPoolProfiles, [system, { ...user, nodeLabels: { x: "y" } }]);
});
