import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { as, type DeploymentId, type OperationId } from "@hostrouting/domain";
import type { AuditEntry } from "./audit.ts";
import { makeTestStore, SUBSCRIPTION, type TestStore } from "./testing/test-store.ts";

const id = as<DeploymentId>("/d");
const by = { tenantId: "t", objectId: "o", name: "n", type: "User" } as const;
const entry: AuditEntry = {
  subscriptionId: SUBSCRIPTION,
  principal: by,
  action: "a",
  scope: "/subscriptions/s",
  outcome: "Accepted",
  requestId: "r",
  correlationId: "c",
  clientRequestId: undefined,
};

let it: TestStore;
before(async () => {
  it = await makeTestStore();
});
after(() => it.close());

const accept = (audit?: AuditEntry) => {
  const what = { id, subscriptionId: SUBSCRIPTION, resourceGroup: "G", name: "d", runId: as<OperationId>(randomUUID()) };
  const how = { mode: "Incremental", correlationId: "c", templateHash: "1", hasSecrets: false } as const;
  const wanted = { ...what, ...how, principal: by, input: {}, shown: {} };
  return it.store.deployments.accept(wanted, { name: "h", durationMs: 60_000 }, audit);
};
const error = { code: "DeploymentCanceled", message: "m" };
const group = { subscriptionId: SUBSCRIPTION, displayName: "New", location: "x", tags: {}, managedBy: undefined };
const feature = { subscriptionId: SUBSCRIPTION, name: "f", state: "Registered" } as const;
const stateOf = async () => (await it.store.deployments.get(id))?.state;

/** In this order: what makes a change, and what shows whether it was made, before and after. */
const changes: readonly (readonly [
  name: string,
  change: (audit?: AuditEntry) => Promise<unknown>,
  seen: () => Promise<unknown>,
  before: unknown,
  after: unknown,
])[] = [
  ["a deployment that is accepted", accept, stateOf, undefined, "Accepted"],
  ["a deployment that is canceled", (audit) => it.store.deployments.cancel(id, error, audit), stateOf, "Accepted", "Canceled"],
  ["a deployment that is forgotten", (audit) => it.store.deployments.remove(id, audit), stateOf, "Canceled", undefined],
  [
    "a group that is made",
    (audit) => it.store.resourceGroups.change({ subscriptionId: SUBSCRIPTION, name: "New" }, () => ({ group, result: 0 }), audit),
    async () => (await it.store.resourceGroups.get(SUBSCRIPTION, "new"))?.displayName,
    undefined,
    "New",
  ],
  [
    "a feature that is registered",
    (audit) => it.store.subscriptions.setFeature(feature, audit),
    async () => (await it.store.subscriptions.features(SUBSCRIPTION))["f"],
    undefined,
    "Registered",
  ],
];
for (const [name, change, seen, was, becomes] of changes)
  test(`${name} stands or falls with its entry`, async () => {
    await it.sql("alter table audit add constraint refuses check (seq < 0) not valid");
    await assert.rejects(change(entry), /refuses/);
    assert.equal(await seen(), was);
    await it.sql("alter table audit drop constraint refuses");
    const { sequence } = await it.store.audit.head(SUBSCRIPTION);
    await change(entry);
    assert.equal(await seen(), becomes);
    assert.equal((await it.store.audit.head(SUBSCRIPTION)).sequence, sequence + 1);
  });

test("what changes nothing leaves no entry", async () => {
  await accept();
  const { sequence } = await it.store.audit.head(SUBSCRIPTION);
  assert.equal(await accept(entry), "Active");
  assert.equal(await it.store.deployments.remove(id, entry), "Active");
  assert.equal(await it.store.deployments.cancel(as<DeploymentId>("/nobody"), error, entry), "Absent");
  await it.store.resourceGroups.change({ subscriptionId: SUBSCRIPTION, name: "G" }, () => ({ result: 0 }), entry);
  assert.equal((await it.store.audit.head(SUBSCRIPTION)).sequence, sequence);
});
