import assert from "node:assert/strict";
import { test } from "node:test";
import { adoptedCluster, registrationOf, type Registration } from "./adopted-cluster.ts";

const tenant = "11111111-1111-4111-8111-111111111111";
const good = { provider: "azure", driver: "aks-arm", tenant, access: "/etc/aks.json" };
const words: readonly (readonly [words: Record<string, string>, wrong: RegExp | undefined])[] = [
  [good, undefined],
  [{ ...good, driver: "cilium" }, undefined],
  [{ ...good, provider: "kubeconfig", driver: "cilium", resource: "/r.json" }, undefined],
  [{ ...good, provider: "kubeconfig", resource: "/r.json" }, /--driver must be cilium or bundle/],
  [{ ...good, provider: "kubeconfig", driver: "bundle" }, /--resource must name/],
  [{ ...good, resource: "/r.json" }, /read from Azure/],
  [{ ...good, provider: "lab" }, /--provider/],
  [{ ...good, tenant: "contoso" }, /--tenant/],
  [{ ...good, access: "aks.json" }, /--access/],
];
for (const [given, wrong] of words)
  test(`${JSON.stringify(given)}: ${wrong?.source ?? "fine"}`, () => {
    const made = registrationOf(given);
    if (wrong === undefined) assert.ok("provider" in made, String(made));
    else assert.match(String(made), wrong);
  });

const id =
  "/subscriptions/33333333-3333-4333-8333-333333333333/resourceGroups/Shop/providers/Microsoft.ContainerService/managedClusters/Web";
const resource = {
  id,
  location: "westeurope",
  tags: { team: "shop" },
  sku: { name: "Base" },
  eTag: "7",
  properties: { provisioningState: "Succeeded", agentPoolProfiles: [] },
};
const on = {
  ...resource,
  properties: { ...resource.properties, networkProfile: { advancedNetworking: { performance: { accelerationMode: "BpfVeth" } } } },
};
const registration = registrationOf(good) as Registration;
const at = { now: "2026-01-01T00:00:00Z", etag: "e" };

test("a cluster keeps the casing of its names, and what stands beside its properties", () => {
  const made = adoptedCluster(resource, registration, at);
  assert.ok("id" in made);
  assert.deepEqual(
    [made.id, made.resourceGroup, made.name, made.envelope, made.driver, made.desiredMode],
    [id.toLowerCase(), "Shop", "Web", { sku: { name: "Base" } }, "aks-arm", "None"],
  );
});

const wrongs: readonly (readonly [resource: unknown, driver: Registration["driver"], wrong: RegExp | undefined])[] = [
  [on, "aks-arm", undefined],
  [on, "bundle", /BpfVeth already/],
  [{ ...resource, id: "/subscriptions/x" }, "aks-arm", /id must be/],
  [{ ...resource, location: 1 }, "aks-arm", /location/],
  [{ ...resource, properties: {} }, "aks-arm", /agentPoolProfiles/],
  [{ ...resource, properties: { ...resource.properties, provisioningState: "Updating" } }, "aks-arm", /provisioningState/],
  [undefined, "aks-arm", /id must be/],
];
for (const [given, driver, wrong] of wrongs)
  test(`${JSON.stringify(given)} with driver ${driver}: ${wrong?.source ?? "fine"}`, () => {
    const made = adoptedCluster(given, { ...registration, driver }, at);
    if (wrong === undefined) assert.ok("id" in made, String(made));
    else assert.match(String(made), wrong);
  });
