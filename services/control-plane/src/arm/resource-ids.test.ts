import assert from "node:assert/strict";
import { test } from "node:test";
import { clusterIdOf, locationKey, whyNotPath } from "./resource-ids.ts";

const subscriptionId = "33333333-3333-4333-8333-333333333333";
const rows: readonly (readonly [path: Parameters<typeof whyNotPath>[0], code: string | undefined])[] = [
  [{}, undefined],
  [{ subscriptionId }, undefined],
  [{ subscriptionId: subscriptionId.toUpperCase() }, undefined],
  [{ subscriptionId: "1" }, "InvalidSubscriptionId"],
  [{ resourceGroup: "a_b-c.(d)é" }, undefined],
  [{ resourceGroup: "ends." }, "InvalidResourceGroup"],
  [{ resourceGroup: "a/b" }, "InvalidResourceGroup"],
  [{ resourceGroup: "g".repeat(90) }, undefined],
  [{ resourceGroup: "g".repeat(91) }, "InvalidResourceGroup"],
  [{ name: "a" }, undefined],
  [{ name: "a-b_C9" }, undefined],
  [{ name: "n".repeat(63) }, undefined],
  [{ name: "n".repeat(64) }, "InvalidResourceName"],
  [{ name: "-a" }, "InvalidResourceName"],
  [{ name: "a_" }, "InvalidResourceName"],
  [{ name: "a\u0000" }, "InvalidResourceName"],
  [{ name: "" }, "InvalidResourceName"],
];
for (const [path, code] of rows)
  test(`${JSON.stringify(path).slice(0, 60)}: ${code ?? "good"}`, () => assert.equal(whyNotPath(path)?.fault.code, code));

test("the key of a cluster is its id in lower case; a location has neither case nor spaces", () => {
  const id = clusterIdOf({ subscriptionId, resourceGroup: "RG", name: "Name" });
  assert.equal(id, `/subscriptions/${subscriptionId}/resourcegroups/rg/providers/microsoft.containerservice/managedclusters/name`);
  assert.equal(locationKey("East US"), "eastus");
});
