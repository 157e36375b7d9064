import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decideDenials, type PoliciesLook } from "./decide-denials.ts";
import type { KeptPolicies } from "./keep-policies.ts";

const table = new Map([["192.0.2.0/24", [{ protocol: "TCP", first: 80, last: 80 } as const]]]);
const rules = [{ ranges: ["192.0.2.0/24"], ports: [{ protocol: "TCP", first: 80, last: 80 } as const] }];
const good: KeptPolicies = { policies: [{ name: "a", generation: 1, rules }], table };
const none: KeptPolicies = { policies: [], table: new Map() };
const lastGood: KeptPolicies = { policies: [{ name: "a", generation: 1, rules, fault: "x" }], table };
const neverGood: KeptPolicies = { policies: [{ name: "a", generation: 1, rules: [], fault: "x" }], table: new Map() };
const full: KeptPolicies = { policies: [{ name: "a", generation: 1, rules }], table: new Map(), fault: "y" };
const read: PoliciesLook = { state: "Read" };
const unknown: PoliciesLook = { state: "Unknown", why: "refused" };

describe("whether a node may be switched on", () => {
  const cases: [what: string, look: PoliciesLook, kept: KeptPolicies, refusal: string | undefined][] = [
    ["with rules that are understood", read, good, undefined],
    ["without policies", read, none, undefined],
    ["without Cilium's resource types", { state: "NotInstalled" }, none, undefined],
    ["with the last rules that were understood", read, lastGood, undefined],
    ["not with a policy that never was", read, neverGood, "PolicyRefused"],
    ["not with policies for which there is no room", read, full, "PolicyRefused"],
    ["not before anybody has looked", unknown, none, "PolicyUnknown"],
    ["not by what an earlier process knew alone", unknown, good, "PolicyUnknown"],
  ];
  for (const [what, look, kept, reason] of cases) it(what, () => assert.equal(decideDenials(look, kept).refusal?.reason, reason));
});

it("no node is switched on by policies that were read before it was ordered", () => {
  assert.equal(decideDenials(read, good, false).refusal?.reason, "PolicyUnknown");
  assert.equal(decideDenials(read, good, false).table, table);
});

describe("what is denied", () => {
  it("is not known before anybody has looked, but for what an earlier process knew", () => {
    assert.equal(decideDenials(unknown, none).table, undefined);
    assert.equal(decideDenials(unknown, good).table, table);
  });

  it("is told with everything that is wrong", () => {
    assert.deepEqual(decideDenials(read, { ...lastGood, fault: "y" }).faults, ["a: x.", "All policies together: y."]);
    assert.match(decideDenials(read, neverGood).refusal?.message ?? "", /not understood\. a: x\./);
    assert.deepEqual(decideDenials(unknown, none).faults, ["CiliumClusterwideNetworkPolicies have not been read yet: refused"]);
  });
});
