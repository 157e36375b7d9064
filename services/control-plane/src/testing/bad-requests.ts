import assert from "node:assert/strict";
import type { Store } from "@hostrouting/store";
import { acceleratable, ids, makeCluster, register } from "./test-cluster.ts";
import type { Ask, TestSurface } from "./test-surface.ts";

/** Parts of addresses. */
export const VERSION = "api-version=2026-04-01";
export const PROVIDER = "providers/Microsoft.ContainerService";
export const GROUP = `/subscriptions/${ids.subscriptionId}/resourceGroups/Lab`;
export const CLUSTERS = `${GROUP}/${PROVIDER}/managedClusters`;
export const CLUSTER = `${CLUSTERS}/one`;

/** A request that is refused: with which status and ARM code, and which more members the error has. */
export type Refusal = { readonly name: string; readonly ask: Ask; readonly status: number; readonly code: string; readonly more?: object };

/** A PUT with a body: an object goes as JSON, text as it stands. */
export function put(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Ask {
  return { method: "PUT", path: `${path}?${VERSION}`, body, headers };
}

/** A body that sets `advancedNetworking`. */
export function acns(advancedNetworking: unknown): object {
  return { location: "westeurope", properties: { networkProfile: { advancedNetworking } } };
}

/** A body that turns acceleration on, and nothing else. */
export const fast = acns({ enabled: true, performance: { accelerationMode: "BpfVeth" } });

/** Makes one cluster that may be accelerated and four that may not be, each for another reason. */
export async function registerClusters(store: Store): Promise<void> {
  const { networkProfile } = acceleratable;
  const withNetwork = (name: string, changes: object): ReturnType<typeof makeCluster> =>
    makeCluster(name, { properties: { ...acceleratable, networkProfile: { ...networkProfile, ...changes } } });
  const pools = [
    { name: "old", mode: "System", osType: "Linux", osSKU: "Ubuntu2204", count: 1 },
    { name: "win", mode: "User", osType: "Windows", osSKU: "Windows2022", count: 1 },
    { name: "good", mode: "User", osType: "Linux", osSKU: "AzureLinux3", count: 1 },
  ];
  await register(store, [
    makeCluster("one"),
    withNetwork("azure-dataplane", { networkDataplane: "azure" }),
    withNetwork("gateway", { staticEgressGatewayProfile: { enabled: true } }),
    makeCluster("old-version", { properties: { ...acceleratable, kubernetesVersion: "1.32", currentKubernetesVersion: "1.32.5" } }),
    makeCluster("old-pools", { properties: { ...acceleratable, agentPoolProfiles: pools } }),
  ]);
}

/** Asks, and holds the answer to what every refusal must be. */
export async function checkRefusal(surface: TestSurface, { ask, status, code, more }: Refusal): Promise<void> {
  const reply = await surface.ask(ask);
  const { error } = reply.body;
  assert.deepEqual([reply.status, error.code], [status, code], reply.text);
  for (const [member, value] of Object.entries(more ?? {})) assert.equal(error[member], value);
  assert.equal(reply.headers["x-ms-error-code"], code);
  assert.equal(reply.headers["retry-after"], undefined);
  assert.ok(reply.headers["x-ms-request-id"]);
  if (status === 401) assert.match(String(reply.headers["www-authenticate"]), /^Bearer authorization_uri="https:/);
  if (status === 405) assert.ok(reply.headers["allow"]);
}

/** Nothing that was refused left a trace. */
export async function checkUntouched(surface: TestSurface): Promise<void> {
  for (const cluster of await surface.store.clusters.list({ subscriptionId: ids.subscriptionId, limit: 100 })) {
    assert.deepEqual([cluster.etag, cluster.provisioningState], [`etag-of-${cluster.name}`, "Succeeded"]);
    assert.deepEqual(await surface.store.operations.list(cluster.id, 1), []);
  }
}
