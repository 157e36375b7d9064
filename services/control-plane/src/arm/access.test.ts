import assert from "node:assert/strict";
import { test } from "node:test";
import { resourceOf } from "./access.ts";

const G = "/subscriptions/s/resourceGroups/g";
const C = `${G}/providers/Microsoft.ContainerService/managedClusters/x`;
const rows: readonly (readonly [address: string, resource: string])[] = [
  ["/subscriptions/s", "/subscriptions/s"],
  ["/subscriptions/s/resourceGroups", "/subscriptions/s"],
  ["/subscriptions/s/providers/Microsoft.ContainerService", "/subscriptions/s"],
  ["/subscriptions/s/providers/Microsoft.ContainerService/managedClusters", "/subscriptions/s"],
  [`${G}/providers/Microsoft.ContainerService/managedClusters`, G],
  [C, C],
  [`${C}/abort`, C],
  [`${C}/hostRoutings/default/pause`, `${C}/hostRoutings/default`],
  [`${C}/providers/Microsoft.Authorization/roleAssignments`, C],
  [`${C}/providers/Microsoft.Authorization/roleAssignments/1`, `${C}/providers/Microsoft.Authorization/roleAssignments/1`],
  ["/subscriptions/s/resourceGroups/providers", "/subscriptions/s/resourceGroups/providers"],
  [`${C.replace(/x$/, "providers")}/agentPools/providers`, `${C.replace(/x$/, "providers")}/agentPools/providers`],
];
for (const [address, resource] of rows) test(`${address} speaks of ${resource}`, () => assert.equal(resourceOf(address), resource));
