import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { productionPolicy, type HostRoutingStatus, type HostRoutingWarning, type RolloutPolicy } from "@hostrouting/domain";
import { analysisWish, policyInForce } from "./analysis-wish.ts";

const istio: HostRoutingWarning = { id: "PF-022", title: "", message: "", remedy: "", subjects: [] };

function wished(analysisMode: RolloutPolicy["analysisMode"], warnings: readonly HostRoutingWarning[]): string {
  const wish = analysisWish({
    policy: { ...productionPolicy, analysisMode },
    preflight: { kind: "Passed", warnings },
    previous: undefined,
  });
  const required = wish?.required.size === 0 ? "" : `; required: ${[...(wish?.required ?? [])].join(", ")}`;
  return wish === undefined
    ? "nothing"
    : `${wish.isEnforced ? "enforced" : "reported"}: ${[...(wish.measured ?? ["all"])].join(", ")}${required}`;
}

describe("analysisWish", () => {
  const cases: readonly [RolloutPolicy["analysisMode"], readonly HostRoutingWarning[], string][] = [
    ["Enforce", [], "enforced: all"],
    ["Enforce", [istio], "enforced: all; required: node-not-ready, pods-not-ready"],
    ["Report", [], "reported: all"],
    ["Report", [istio], "enforced: node-not-ready, pods-not-ready; required: node-not-ready, pods-not-ready"],
    ["Off", [], "nothing"],
    ["Off", [istio], "enforced: node-not-ready, pods-not-ready; required: node-not-ready, pods-not-ready"],
  ];
  for (const [mode, warnings, wish] of cases)
    it(`${mode}${warnings.length > 0 ? ", with Istio's warning" : ""}: ${wish}`, () => assert.equal(wished(mode, warnings), wish));
});

describe("policyInForce", () => {
  const lax: Partial<RolloutPolicy> = {
    canaryPerStratum: 0,
    analysisInitialDelayMs: 0,
    analysisIntervalMs: 1_000,
    analysisCount: 1,
    analysisFailureLimit: 100,
    analysisInconclusiveLimit: 100,
    analysisConsecutiveErrorLimit: 100,
  };
  const inForce = (changes: Partial<RolloutPolicy>, warnings: readonly HostRoutingWarning[]): RolloutPolicy =>
    policyInForce({ policy: { ...productionPolicy, ...changes }, preflight: { kind: "Passed", warnings }, previous: undefined });

  it("is the cluster's own where nothing is forced", () => assert.deepEqual(inForce(lax, []), { ...productionPolicy, ...lax }));
  it("is no laxer than production's defaults where Istio is warned of", () => assert.deepEqual(inForce(lax, [istio]), productionPolicy));
  it("stays as strict as the cluster wants it", () => {
    const strict = { canaryPerStratum: 3, analysisIntervalMs: 60_000, analysisCount: 20, analysisFailureLimit: 0 };
    assert.deepEqual(inForce(strict, [istio]), { ...productionPolicy, ...strict });
  });
  it("goes by what was said last where preflight is not asked", () => {
    const previous = { warnings: [istio] } as Pick<HostRoutingStatus, "warnings"> as HostRoutingStatus;
    const policy = { ...productionPolicy, ...lax };
    assert.deepEqual(policyInForce({ policy, preflight: { kind: "NotAsked" }, previous }), productionPolicy);
  });
});
