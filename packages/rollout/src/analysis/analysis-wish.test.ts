import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { productionPolicy, type HostRoutingWarning, type RolloutPolicy } from "@hostrouting/domain";
import { analysisWish } from "./analysis-wish.ts";

const istio: HostRoutingWarning = { id: "PF-022", title: "", message: "", remedy: "", subjects: [] };

function wished(analysisMode: RolloutPolicy["analysisMode"], warnings: readonly HostRoutingWarning[]): string {
  const wish = analysisWish({
    policy: { ...productionPolicy, analysisMode },
    preflight: { kind: "Passed", warnings },
    previous: undefined,
  });
  return wish === undefined ? "nothing" : `${wish.isEnforced ? "enforced" : "reported"}: ${[...(wish.metrics ?? ["all"])].join(", ")}`;
}

describe("analysisWish", () => {
  const cases: readonly [RolloutPolicy["analysisMode"], readonly HostRoutingWarning[], string][] = [
    ["Enforce", [], "enforced: all"],
    ["Enforce", [istio], "enforced: all"],
    ["Report", [], "reported: all"],
    ["Report", [istio], "enforced: node-not-ready, pods-not-ready"],
    ["Off", [], "nothing"],
    ["Off", [istio], "enforced: node-not-ready, pods-not-ready"],
  ];
  for (const [mode, warnings, wish] of cases)
    it(`${mode}${warnings.length > 0 ? ", with Istio's warning" : ""}: ${wish}`, () => assert.equal(wished(mode, warnings), wish));
});
