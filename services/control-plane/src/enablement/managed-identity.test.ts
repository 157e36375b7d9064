import assert from "node:assert/strict";
import { test } from "node:test";
import { makeCluster } from "../testing/test-cluster.ts";
import { identityMembers, withoutShownIdentity } from "./managed-identity.ts";

const kubelet = (changes: Parameters<typeof makeCluster>[1] = {}, name = "one") =>
  (identityMembers(makeCluster(name, changes))["identityProfile"] as { kubeletidentity: Record<string, string> } | undefined)
    ?.kubeletidentity;

test("a cluster with a managed identity shows that of its kubelets, without which az updates none: stable, and each cluster's own", () => {
  const one = kubelet();
  assert.match(
    one?.["resourceId"] ?? "",
    /\/resourceGroups\/MC_Lab_one_westeurope\/providers\/Microsoft\.ManagedIdentity\/userAssignedIdentities\/one-agentpool$/,
  );
  for (const id of ["clientId", "objectId"])
    assert.match(one?.[id] ?? "", /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.deepEqual(kubelet(), one);
  assert.notEqual(kubelet({}, "two")?.["objectId"], one?.["objectId"]);
});

test("what is stored is shown; a cluster with a service principal has no such identity", () => {
  const stored = { resourceId: "/r", clientId: "c", objectId: "o" };
  assert.deepEqual(kubelet({ properties: { identityProfile: { kubeletidentity: stored } } }), stored);
  assert.deepEqual(identityMembers(makeCluster("one", { properties: {} }))["servicePrincipalProfile"], { clientId: "msi" });
  for (const envelope of [{}, { identity: { type: "None" } }]) assert.deepEqual(identityMembers(makeCluster("one", { envelope })), {});
});

test("what was only shown and comes back is not kept; what differs is, and so is what was stored", () => {
  const bare = makeCluster("one", { properties: { dnsPrefix: "d" } });
  const echo = { dnsPrefix: "d", ...identityMembers(bare) };
  assert.deepEqual(withoutShownIdentity(bare, echo), { dnsPrefix: "d" });
  const own = { identityProfile: { kubeletidentity: { objectId: "o" } } };
  assert.deepEqual(withoutShownIdentity(bare, own), own);
  assert.deepEqual(withoutShownIdentity(makeCluster("one", { properties: own }), own), own);
});
