import assert from "node:assert/strict";
import { test } from "node:test";
import { readAddress, type ArmAddress } from "./arm-address.ts";

const S = "/subscriptions/33333333-3333-4333-8333-333333333333";
const C = `${S}/resourceGroups/g/providers/microsoft.CONTAINERSERVICE/managedclusters/x`;
const rows: readonly (readonly [path: string, kind: ArmAddress["kind"], type: string])[] = [
  ["/healthz", "Open", "/"],
  ["/READYZ/", "Open", "/"],
  ["/metadata/endpoints", "Open", "/"],
  ["/tenant-1/oauth2/v2.0/token", "Open", "/"],
  ["/tenant-1/v2.0/.well-known/openid-configuration", "Open", "/"],
  ["/tenant-1/discovery/v2.0/keys", "Open", "/"],
  ["/common/discovery/instance", "Open", "/"],
  ["/subscriptions/oauth2", "ResourceManager", "Microsoft.Resources/subscriptions"],
  ["/subscriptions/v2.0/providers/Microsoft.ContainerService/managedClusters", "Provider", "Microsoft.ContainerService/managedClusters"],
  ["/healthz/more", "Unknown", "/"],
  ["/", "Unknown", "/"],
  [`${C}/hostRoutings/default`, "Provider", "microsoft.CONTAINERSERVICE/managedclusters/hostRoutings"],
  [`${C}/abort`, "Provider", "microsoft.CONTAINERSERVICE/managedclusters/abort"],
  [`${C}/providers/Microsoft.Authorization/roleAssignments/r`, "Provider", "Microsoft.Authorization/roleAssignments"],
  [`${S}/providers/Microsoft.ContainerService/locations/l/operations/o`, "Provider", "Microsoft.ContainerService/locations/operations"],
  [`${S}/providers/Microsoft.ContainerService`, "ResourceManager", "Microsoft.Resources/providers"],
  [`${S}/providers/Microsoft.ContainerService/register`, "ResourceManager", "Microsoft.Resources/providers"],
  [`${S}/providers/Microsoft.Features`, "ResourceManager", "Microsoft.Resources/providers"],
  [
    `${S}/providers/Microsoft.Features/providers/Microsoft.ContainerService/features/f/register`,
    "Provider",
    "Microsoft.Features/providers/features/register",
  ],
  [`${S}/providers`, "ResourceManager", "Microsoft.Resources/providers"],
  ["/providers/Microsoft.ContainerService/operations", "Provider", "Microsoft.ContainerService/operations"],
  ["/tenants", "ResourceManager", "Microsoft.Resources/tenants"],
  [`${S}/locations`, "ResourceManager", "Microsoft.Resources/subscriptions/locations"],
  [`${S}/resourcegroups`, "ResourceManager", "Microsoft.Resources/resourceGroups"],
  [`${S}/resourcegroups/g`, "ResourceManager", "Microsoft.Resources/resourceGroups"],
  [`${S}/resourcegroups/g/deployments/d/operations`, "ResourceManager", "Microsoft.Resources/deployments/operations"],
  [
    `${S}/resourcegroups/g/providers/Microsoft.Resources/deployments/d/operationStatuses/o`,
    "Provider",
    "Microsoft.Resources/deployments/operationStatuses",
  ],
  [`${S}/nonsense`, "Unknown", "/"],
  [C.replace(/x$/, "providers"), "Provider", "microsoft.CONTAINERSERVICE/managedclusters"],
  [`${C}/agentPools/Providers`, "Provider", "microsoft.CONTAINERSERVICE/managedclusters/agentPools"],
  [`${S}/resourcegroups/providers/deployments/providers/operations`, "ResourceManager", "Microsoft.Resources/deployments/operations"],
  [
    `${C.replace(/x$/, "providers")}/providers/Microsoft.Authorization/roleAssignments/providers`,
    "Provider",
    "Microsoft.Authorization/roleAssignments",
  ],
];
for (const [path, kind, type] of rows)
  test(`${path}: ${kind} ${type}`, () => {
    const address = readAddress(path, true);
    assert.deepEqual([address.kind, `${address.namespace}/${address.type}`], [kind, type]);
  });

test("without an authority, where tokens would be is like any other address", () => {
  assert.equal(readAddress("/tenant-1/oauth2/v2.0/token", false).kind, "Unknown");
});

test("scope and location are read decoded; a group is told from what is in it", () => {
  const group = readAddress(`${S}/resourceGroups/my%20group/`, false);
  assert.deepEqual([group.resourceGroup, group.isGroupItself], ["my group", true]);
  const status = readAddress(`${S}/providers/Microsoft.ContainerService/locations/east%20us/operations/o`, false);
  assert.deepEqual([status.resourceGroup, status.location, status.subscriptionId], [undefined, "east us", S.slice(15)]);
  assert.equal(readAddress(`${C}/`, false).isGroupItself, false);
});
