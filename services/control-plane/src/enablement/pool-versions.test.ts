import assert from "node:assert/strict";
import { test } from "node:test";
import { poolVersionFaults } from "./pool-versions.ts";

const MADE = { version: "1.36", patches: ["1.36.3"] };
const INCOMPATIBLE = "NodePoolMcVersionIncompatible";
const UNKNOWN = "K8sVersionNotSupported";

const cases: readonly (readonly [pool: string, controlPlane: string, expected: string | undefined])[] = [
  ["1.36", "1.36", undefined],
  ["1.36.3", "1.36", undefined],
  ["1.36", "1.36.3", undefined],
  ["1.30.1", "1.30.1", undefined],
  ["1.37", "1.36", INCOMPATIBLE],
  ["2.36", "1.36", INCOMPATIBLE],
  ["1.32", "1.36", INCOMPATIBLE],
  ["1.33", "1.36", UNKNOWN],
  ["1.36.9", "1.36", UNKNOWN],
  ["newest", "1.36", UNKNOWN],
];
for (const [orchestratorVersion, controlPlane, expected] of cases)
  test(`a pool of ${orchestratorVersion} beside a control plane of ${controlPlane}: ${expected ?? "is made"}`, () => {
    const [fault] = poolVersionFaults([{ name: "p", orchestratorVersion }], controlPlane, MADE);
    assert.equal(fault?.code, expected);
    if (fault !== undefined) assert.equal(fault.target, "agentPoolProfiles.p.orchestratorVersion");
  });

test("a provider that makes nothing gives pools the cluster's version and no other", () => {
  const pools = ["1.35", "1.36"].map((orchestratorVersion) => ({ name: "p", orchestratorVersion }));
  assert.deepEqual(
    poolVersionFaults(pools, "1.36", undefined).map(({ message }) => message),
    ["Kubernetes 1.35 of agent pool 'p' is not available here; pools are made with 1.36."],
  );
});
