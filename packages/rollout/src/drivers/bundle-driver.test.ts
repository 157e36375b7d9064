import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeRollout } from "@hostrouting/domain";
import type { NodeReport } from "../snapshot.ts";
import { bundleDriver } from "./bundle-driver.ts";

const DIGEST = "sha256:1";
const probe = (name: string, outcome: "Passed" | "Failed" | "Unknown", message = ""): NodeReport["probes"][number] => ({
  name,
  outcome,
  message,
});

const why = (probes: NodeReport["probes"]): string | undefined =>
  bundleDriver.whyNotVerified(
    { effectiveMode: "BpfVeth", observedGeneration: 3, bundleDigest: DIGEST, probes, switchGeneration: 3 } as unknown as NodeReport,
    { switchGeneration: 3 } as NodeRollout,
    DIGEST,
  );

for (const [what, probes, said] of [
  ["all passed", [probe("control", "Passed")], undefined],
  ["none yet", [], "the agent has not probed yet"],
  [
    "those that came to the same are told together, without a full stop of their own",
    [probe("a", "Unknown", "Not tried."), probe("b", "Failed", "Reached."), probe("c", "Unknown", "Not tried."), probe("d", "Passed")],
    "a, c: Unknown, Not tried; b: Failed, Reached",
  ],
  ["an outcome alone", [probe("a", "Failed")], "a: Failed"],
] as const)
  test(`probes: ${what}`, () => assert.equal(why(probes), said));
