import assert from "node:assert/strict";
import { test } from "node:test";
import { CONTRACT_API_VERSION, apiVersionOf, missingApiVersion, whyNotApiVersion } from "./api-versions.ts";
import { readAddress } from "./arm-address.ts";
import { CLUSTER_API_VERSIONS, RESOURCE_TYPES, newestStable, resourceTypeOf } from "./resource-types.ts";
import { routeCatalogue } from "./route-catalogue.ts";

const S = "/subscriptions/33333333-3333-4333-8333-333333333333";
const AKS = `${S}/resourceGroups/g/providers/Microsoft.ContainerService`;
const judged = (path: string, version: string) => whyNotApiVersion(readAddress(path, true), version, "westeurope");

const rows: readonly (readonly [path: string, version: string, code: string | undefined])[] = [
  ...CLUSTER_API_VERSIONS.map((version) => [`${AKS}/managedClusters/x`, version, undefined] as const),
  [`${AKS}/managedClusters`, "2026-03-02-PREVIEW", undefined],
  [`${AKS}/managedClusters/x/abort`, "2025-10-01", undefined],
  [`${AKS}/managedClusters/x`, "2016-03-30", "NoRegisteredProviderFound"],
  [`${AKS}/managedClusters/x`, "latest", "NoRegisteredProviderFound"],
  [`${AKS}/managedClusters/x/hostRoutings/default`, "2026-04-01", undefined],
  [`${AKS}/managedClusters/x/hostRoutings/default`, "2025-10-01", "NoRegisteredProviderFound"],
  [`${S}/providers/Microsoft.ContainerService/locations/l/operations/o`, "2016-03-30", undefined],
  [`${S}/providers/Microsoft.ContainerService/locations/l/operations/o`, "today", "InvalidApiVersionParameter"],
  [`${AKS}/managedClusterz/x`, "2026-04-01", "InvalidResourceType"],
  [`${S}/providers/Microsoft.Nothing/things`, "2026-04-01", "InvalidResourceNamespace"],
  [`${S}/providers/Microsoft.ContainerService%2FmanagedClusters/agentPools`, "2026-04-01", "InvalidResourceNamespace"],
  ["/tenants", "2022-12-01", undefined],
  ["/subscriptions", "2016-06-01", undefined],
  ["/subscriptions", "2024-11-01", "InvalidApiVersionParameter"],
  [S, "abc", "InvalidApiVersionParameter"],
  [`${S}/resourcegroups/g`, "2024-11-01", undefined],
  [`${S}/resourcegroups/g`, "2022-12-01", "InvalidApiVersionParameter"],
  [`${S}/providers/Microsoft.ContainerService`, "2025-04-01", undefined],
  [`${S}/resourcegroups/g/providers/Microsoft.Resources/deployments/d/validate`, "2025-04-01", undefined],
  [`${S}/providers/Microsoft.Features/providers/Microsoft.ContainerService/features`, "2021-07-01", undefined],
  [`${S}/providers/Microsoft.Features/providers/Microsoft.ContainerService/features`, "2026-04-01", "InvalidApiVersionParameter"],
  [`${AKS}/managedClusters/x/providers/Microsoft.Authorization/roleAssignments`, "2022-04-01", undefined],
  ["/favicon.ico", "2022-12-01-beta", undefined],
  ["/favicon.ico", "2022-12-01-final", "InvalidApiVersionParameter"],
  ["/healthz", "", undefined],
];
for (const [path, version, code] of rows)
  test(`${path}, ${version}: ${code ?? "accepted"}`, () => assert.equal(judged(path, version)?.fault.code, code));

test("a refusal names location, version, type and the versions that are known", () => {
  const message = judged(`${AKS}/managedClusters/x`, "1999-01-01")?.fault.message ?? "";
  for (const word of ["westeurope", "1999-01-01", "managedClusters", ...CLUSTER_API_VERSIONS]) assert.ok(message.includes(word), word);
  assert.match(judged("/subscriptions", "1999-01-01")?.fault.message ?? "", /2022-12-01,/);
  assert.ok((judged("/subscriptions", "x".repeat(10_000))?.fault.message.length ?? 0) < 1_000);
});

test("the table is newest first for every type, and our contract is a stable version of the cluster's", () => {
  for (const { type, apiVersions } of RESOURCE_TYPES) assert.deepEqual([...apiVersions].sort().reverse(), apiVersions, type);
  assert.ok(CLUSTER_API_VERSIONS.some((version) => version === CONTRACT_API_VERSION));
  assert.equal(newestStable(["2026-04-02-preview", "2026-04-01"]), "2026-04-01");
});

test("the key is read in any letter case; of several values the first; empty is none", () => {
  assert.equal(apiVersionOf({ "API-Version": "a" }), "a");
  assert.equal(apiVersionOf({ "api-version": ["a", "b"] }), "a");
  assert.equal(apiVersionOf({ "api-version": "" }), undefined);
  assert.equal(apiVersionOf({ version: "a" }), undefined);
  assert.deepEqual([missingApiVersion().status, missingApiVersion().fault.code], [400, "MissingApiVersionParameter"]);
});

test("every route of the catalogue is of a type of the table", () => {
  for (const { on } of routeCatalogue) {
    const address = readAddress((on.split(" ")[1] ?? "").replace(/:\w+/g, "x"), true);
    if (address.kind !== "Open") assert.ok(resourceTypeOf(address.namespace, address.type), on);
  }
});
