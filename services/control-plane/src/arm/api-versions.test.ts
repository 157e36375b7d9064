import assert from "node:assert/strict";
import { test } from "node:test";
import { CLUSTER_API_VERSIONS, CONTRACT_API_VERSION, apiVersionOf, whyNotApiVersion, type VersionedSurface } from "./api-versions.ts";

const rows: readonly (readonly [surface: VersionedSurface, version: string | undefined, code: string | undefined])[] = [
  ["Cluster", undefined, "MissingApiVersionParameter"],
  ["Cluster", CONTRACT_API_VERSION, undefined],
  ["Cluster", "2026-03-02-PREVIEW", undefined],
  ["Cluster", "2016-03-30", "NoRegisteredProviderFound"],
  ["Cluster", "latest", "NoRegisteredProviderFound"],
  ["OperationStatus", "2016-03-30", undefined],
  ["OperationStatus", "today", "InvalidApiVersionParameter"],
  ["Resources", "2022-12-01", undefined],
  ["Resources", "2022-12-01-beta", undefined],
  ["Resources", "2022-12-01-final", "InvalidApiVersionParameter"],
  ["Resources", undefined, "MissingApiVersionParameter"],
];
for (const [surface, version, code] of rows)
  test(`${surface}, ${version ?? "none"}: ${code ?? "accepted"}`, () => assert.equal(whyNotApiVersion(surface, version)?.fault.code, code));

test("a refusal names the versions that are known", () => {
  for (const known of CLUSTER_API_VERSIONS) assert.ok(whyNotApiVersion("Cluster", "1999-01-01")?.fault.message.includes(known));
});

test("the key is read in any letter case; of several values the first; empty is none", () => {
  assert.equal(apiVersionOf({ "API-Version": "a" }), "a");
  assert.equal(apiVersionOf({ "api-version": ["a", "b"] }), "a");
  assert.equal(apiVersionOf({ "api-version": "" }), undefined);
  assert.equal(apiVersionOf({ version: "a" }), undefined);
});
