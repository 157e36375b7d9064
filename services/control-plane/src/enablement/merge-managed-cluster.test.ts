import assert from "node:assert/strict";
import { test } from "node:test";
import { acceleratable, makeCluster } from "../testing/test-cluster.ts";
import { asJsonObject } from "./json-object.ts";
import { mergeManagedCluster, wholeProperties, type ClusterSettings } from "./merge-managed-cluster.ts";

const stored = makeCluster("one", { properties: { ...acceleratable, later: { deep: { a: 1, b: 2 } } } });
const whole = wholeProperties(stored.properties);
const merge = (request: object): ClusterSettings => mergeManagedCluster(stored, request);

const rows: readonly (readonly [name: string, request: object, changes: Partial<ClusterSettings>])[] = [
  ["nothing keeps everything", {}, {}],
  ["an empty profile keeps", { properties: { storageProfile: {}, later: {} } }, {}],
  ["null properties keep", { properties: null }, {}],
  ["null takes a profile back to its default", { properties: { later: null } }, { properties: { ...whole, later: undefined } }],
  [
    "profiles merge, unknown members stay",
    { properties: { later: { deep: { b: 3 } } } },
    { properties: { ...whole, later: { deep: { a: 1, b: 3 } } } },
  ],
  ["tags are replaced whole", { tags: { a: "b" } }, { tags: { a: "b" } }],
  ["tags null clears", { tags: null }, { tags: {} }],
  ["sku merges", { sku: { tier: "Free" } }, { envelope: { ...stored.envelope, sku: { name: "Base", tier: "Free" } } }],
  ["identity null goes", { identity: null }, { envelope: { sku: stored.envelope["sku"] } }],
];

/** Without members that are undefined: a removed member and one that is undefined are the same on the wire. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

for (const [name, request, changes] of rows)
  test(name, () => {
    const { tags, envelope } = stored;
    assert.deepEqual(plain(merge(request)), plain({ tags, envelope, properties: whole, ...changes }));
  });

test("pools are matched by name in any letter case; those left out stay, new ones come last", () => {
  const { agentPoolProfiles } = asJsonObject(
    merge({ properties: { agentPoolProfiles: [{ name: "NEW" }, { name: "USER", count: 5, later: 1 }] } }).properties,
  );
  const [system, user] = acceleratable.agentPoolProfiles;
  assert.deepEqual(agentPoolProfiles, [system, { ...user, count: 5, later: 1 }, { name: "NEW" }]);
});

test("a cluster that never heard of ACNS shows it whole, and off", () => {
  const { networkProfile } = wholeProperties({});
  assert.deepEqual(asJsonObject(networkProfile)["advancedNetworking"], {
    enabled: false,
    observability: { enabled: false },
    security: { enabled: false, advancedNetworkPolicies: "None", transitEncryption: { type: "None" } },
    performance: { accelerationMode: "None" },
  });
});
