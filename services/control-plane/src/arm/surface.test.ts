import assert from "node:assert/strict";
import { test } from "node:test";
import { surfaceOf, type Surface } from "./surface.ts";

const S = "/subscriptions/33333333-3333-4333-8333-333333333333";
const rows: readonly (readonly [path: string, surface: Surface])[] = [
  ["/healthz", "Open"],
  ["/READYZ/", "Open"],
  ["/metadata/endpoints", "Open"],
  ["/tenant-1/oauth2/v2.0/token", "Open"],
  ["/tenant-1/v2.0/.well-known/openid-configuration", "Open"],
  ["/tenant-1/discovery/v2.0/keys", "Open"],
  ["/common/discovery/instance", "Open"],
  ["/subscriptions/oauth2", "Resources"],
  ["/subscriptions/v2.0/providers/Microsoft.ContainerService/managedClusters", "Cluster"],
  ["/healthz/more", "Resources"],
  [`${S}/resourceGroups/g/providers/microsoft.CONTAINERSERVICE/managedclusters/x/hostRoutings/default`, "Cluster"],
  [`${S}/providers/Microsoft.ContainerService/managedClusters`, "Cluster"],
  [`${S}/providers/Microsoft.ContainerService/locations/l/operations/o`, "OperationStatus"],
  [`${S}/providers/Microsoft.ContainerService/locations/l/operationresults/o`, "OperationStatus"],
  [`${S}/providers/Microsoft.ContainerService`, "Resources"],
  ["/tenants", "Resources"],
];
for (const [path, surface] of rows) test(`${path}: ${surface}`, () => assert.equal(surfaceOf(path, true), surface));

test("without an authority, where tokens would be is like any other address", () => {
  assert.equal(surfaceOf("/tenant-1/oauth2/v2.0/token", false), "Resources");
});
