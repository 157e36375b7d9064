import assert from "node:assert/strict";
import { test } from "node:test";
import { readManagedClusterRequest } from "./managed-cluster-request.ts";

const MODE = "properties.networkProfile.advancedNetworking.performance.accelerationMode";
const withMode = (accelerationMode: unknown): unknown => ({
  properties: { networkProfile: { advancedNetworking: { performance: { accelerationMode } } } },
});

const accepted: readonly { name: string; body: unknown; request: unknown }[] = [
  { name: "an empty object", body: {}, request: {} },
  { name: "letter case is folded", body: withMode("bPFVETH"), request: withMode("BpfVeth") },
  { name: "null asks for the default", body: withMode(null), request: withMode(null) },
  {
    name: "read-only members are dropped unjudged, also in pools",
    body: { eTag: 1, systemData: "x", properties: { fqdn: {}, agentPoolProfiles: [{ name: "a", eTag: 2 }] } },
    request: { properties: { agentPoolProfiles: [{ name: "a" }] } },
  },
  {
    name: "unknown members pass",
    body: { later: 1, properties: { storageProfile: { x: [1] } } },
    request: { later: 1, properties: { storageProfile: { x: [1] } } },
  },
];
for (const { name, body, request } of accepted)
  test(`accepted: ${name}`, () => assert.deepEqual(readManagedClusterRequest(body), { request }));

const refused: readonly { name: string; body: unknown; problems: readonly (readonly [kind: string, target: string])[] }[] = [
  { name: "an array", body: [], problems: [["Type", ""]] },
  { name: "a scalar", body: 7, problems: [["Type", ""]] },
  { name: "an unknown word", body: withMode("Fast"), problems: [["Value", MODE]] },
  { name: "a boolean for a word is a wrong type only", body: withMode(true), problems: [["Type", MODE]] },
  {
    name: "every fault is named",
    body: { location: 1, tags: { a: 1 }, properties: { agentPoolProfiles: [{ count: "3", name: "p" }, {}] } },
    problems: [
      ["Type", "location"],
      ["Type", "tags.a"],
      ["Type", "properties.agentPoolProfiles[0].count"],
      ["Type", "properties.agentPoolProfiles[1]"],
    ],
  },
];
for (const { name, body, problems } of refused)
  test(`refused: ${name}`, () => {
    const read = readManagedClusterRequest(body);
    assert.ok("problems" in read);
    assert.deepEqual(
      read.problems.map((problem) => [problem.kind, problem.target]),
      problems,
    );
  });

test("a million faults are cut to a readable number", () => {
  const read = readManagedClusterRequest({ tags: Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`t${n}`, n])) });
  assert.ok("problems" in read && read.problems.length === 50);
});
