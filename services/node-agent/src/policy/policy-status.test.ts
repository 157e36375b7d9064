import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DenialsObservation } from "../host-routing/node-datapath.ts";
import { denialsDigest } from "../host-routing/kernel-denials.ts";
import { decideDenials, type PoliciesLook } from "./decide-denials.ts";
import { keepPolicies, NO_POLICIES, type KeptPolicies } from "./keep-policies.ts";
import { policyStatus, type PolicyStatus } from "./policy-status.ts";

const kept = keepPolicies(
  NO_POLICIES,
  [{ name: "a", generation: 3, rules: [{ ranges: ["192.0.2.0/24"], ports: [{ protocol: "TCP", first: 80, last: 80 }] }] }],
  0,
);
const shown: DenialsObservation = { ranges: 1, digest: denialsDigest(kept.table), unguarded: [] };
const nothing: DenialsObservation = { ranges: 0, digest: denialsDigest(new Map()), unguarded: [] };
const read: PoliciesLook = { state: "Read" };

type Known = readonly [look: PoliciesLook, policies: KeptPolicies];

function status([look, policies]: Known, seen: DenialsObservation | undefined, before?: PolicyStatus): PolicyStatus {
  return policyStatus({ decision: decideDenials(look, policies), shown: seen, denied: 5, before, now: "t1" });
}

describe("the state of deny rules", () => {
  const cases: [
    what: string,
    look: PoliciesLook,
    policies: KeptPolicies,
    seen: DenialsObservation | undefined,
    state: string,
    message: RegExp,
  ][] = [
    ["as the policies say", read, kept, shown, "InForce", /^$/],
    ["nothing of ours loaded", read, kept, undefined, "Ready", /own rules/],
    ["no policy", read, NO_POLICIES, undefined, "NoPolicy", /nothing/],
    ["no policy, loaded", read, NO_POLICIES, nothing, "NoPolicy", /Nothing/],
    ["no resource type", { state: "NotInstalled" }, NO_POLICIES, undefined, "NotInstalled", /has no/],
    ["not known", { state: "Unknown", why: "w" }, NO_POLICIES, undefined, "Unknown", /: w$/],
    ["the kernel has others", read, kept, nothing, "Degraded", /something else/],
    ["a bare uplink", read, kept, { ...shown, unguarded: ["eth0"] }, "Degraded", /eth0/],
    ["refused", read, keepPolicies(kept, [{ name: "a", generation: 4, fault: "x" }], 1), shown, "Degraded", /a: x\. The last rules/],
    ["deleted a moment ago", read, keepPolicies(kept, [], 1), shown, "InForce", /^$/],
  ];
  for (const [what, look, policies, seen, state, message] of cases)
    it(what, () => {
      const found = status([look, policies], seen);
      assert.equal(found.state, state);
      assert.match(found.message ?? "", message);
    });

  it("names its sources, and dates by state and rules", () => {
    const first = status([read, kept], shown);
    assert.deepEqual(first, {
      state: "InForce",
      message: "",
      ranges: 1,
      digest: shown.digest,
      since: "t1",
      denied: 5,
      sources: [{ name: "a", generation: 3 }],
    });
    assert.equal(status([read, kept], shown, { ...first, since: "t0" }).since, "t0");
    assert.equal(status([read, kept], shown, { ...first, since: "t0", digest: "other" }).since, "t1");
    assert.equal(status([read, kept], shown, { ...first, since: "t0", state: "Ready" }).since, "t1");
    const gone = keepPolicies(keepPolicies(kept, [{ name: "a", generation: 4, fault: "x" }], 1), [], 2);
    assert.deepEqual(status([read, gone], shown).sources, [{ name: "a", generation: 3, deletedAt: "1970-01-01T00:00:00.002Z" }]);
  });
});
