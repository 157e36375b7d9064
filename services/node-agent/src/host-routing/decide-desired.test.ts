import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { HostRoutingConfigSpec, HostRoutingNodeSpec } from "@hostrouting/contracts";
import type { AgentState } from "../agent-state.ts";
import { decideDesired, revoke, type Inputs } from "./decide-desired.ts";

const own = { nodeUid: "uid", bootId: "boot", bundleDigest: "sha256:a" };
const fresh: AgentState = { fencingToken: 0, generation: 0, nodeUid: "", revoked: null };
const order: HostRoutingNodeSpec = {
  mode: "BpfVeth",
  generation: 5,
  fencingToken: 3,
  operationId: "op",
  nodeUID: "uid",
  bootID: "boot",
  bundleDigest: "sha256:a",
  confirmSeconds: 30,
  confirmedGeneration: 0,
};
const config: HostRoutingConfigSpec = { mode: "BpfVeth", generation: 1, network: { podCidrs: ["10.244.0.0/16"] } };
const accepted: AgentState = { fencingToken: 3, generation: 5, nodeUid: "uid", revoked: null };

function decide(changes: Partial<Inputs>) {
  return decideDesired({ order, config, offFile: false, own, ownRanges: ["10.244.1.0/24"], state: fresh, ...changes });
}

describe("an order to switch", () => {
  it("is accepted, with its deadline and ranges", () => {
    const ranges = { podRanges: ["10.244.0.0/16"], ownRanges: ["10.244.1.0/24"], serviceRanges: [] };
    assert.deepEqual(decide({}), {
      state: accepted,
      desired: { kind: "on", generation: 5, confirmMs: 30_000, confirmed: false, masquerade: undefined, ranges },
    });
  });

  it("is confirmed when the rollout says so", () => {
    assert.partialDeepStrictEqual(decide({ order: { ...order, confirmedGeneration: 5 } }).desired, { kind: "on", confirmed: true });
  });

  it("of a worker of the version before, which knows fewer members, is followed; members of the next one are no obstacle", () => {
    const { desired } = decide({});
    assert.deepEqual(decide({ order: { ...order, laterMember: "x" } as HostRoutingNodeSpec }).desired, desired);
    const later = { ...config, bundleDigest: "sha256:b", guard: { mode: "Enforce" }, laterMember: {} } as HostRoutingConfigSpec;
    assert.deepEqual(decide({ config: later }).desired, desired);
  });

  it("of another bundle leaves what is attached as it is, until the agent of that bundle takes over", () => {
    const { desired, reason, state } = decide({ state: accepted, order: { ...order, generation: 6, bundleDigest: "sha256:b" } });
    assert.deepEqual([desired.kind, reason, state], ["leave", "BundleMismatch", accepted]);
  });

  it("waits while the cluster's addressing is unknown", () => {
    assert.partialDeepStrictEqual(decide({ config: null }), { desired: { kind: "leave" }, reason: "NetworkUnknown" });
  });

  it("waits while rules would be passed by, and says which; only a switch on asks", () => {
    const rulesRefusal = "Host routing would pass by these rules: …";
    assert.deepEqual(decide({ rulesRefusal }), {
      state: accepted,
      desired: { kind: "leave" },
      reason: "RulesNotClean",
      message: rulesRefusal,
    });
    for (const mode of ["Observe", "Drain", "None"] as const)
      assert.notEqual(decide({ rulesRefusal, order: { ...order, mode } }).reason, "RulesNotClean");
  });

  it("waits while it is not clear what pods must not reach; only a switch on asks", () => {
    const policyRefusal = { reason: "PolicyUnknown", message: "not read yet" };
    assert.deepEqual(decide({ policyRefusal }), { state: accepted, desired: { kind: "leave" }, ...policyRefusal });
    for (const mode of ["Observe", "Drain", "None"] as const)
      assert.notEqual(decide({ policyRefusal, order: { ...order, mode } }).reason, "PolicyUnknown");
  });

  it("that the kernel took back is not carried out again, a newer one is", () => {
    const state = revoke(accepted, 5, "ConfirmMissed");
    assert.partialDeepStrictEqual(decide({ state }), { desired: { kind: "off", atOnce: false }, reason: "ConfirmMissed" });
    assert.equal(decide({ state, order: { ...order, generation: 6 } }).desired.kind, "on");
  });
});

describe("an order that is refused changes nothing", () => {
  const cases: [string, Partial<HostRoutingNodeSpec>][] = [
    ["FencingTokenStale", { fencingToken: 2, generation: 9 }],
    ["GenerationStale", { generation: 4 }],
    ["NodeUidMismatch", { nodeUID: "other" }],
    ["BootIdMismatch", { bootID: "other" }],
    ["BundleMismatch", { bundleDigest: "sha256:b" }],
  ];
  for (const [reason, change] of cases)
    it(reason, () => {
      const decision = decide({ state: accepted, order: { ...order, ...change } });
      assert.deepEqual(decision.desired, { kind: "leave" });
      assert.equal(decision.reason, reason);
      assert.deepEqual(decision.state, accepted);
    });

  it("a node made anew under the same name starts from nothing", () => {
    assert.equal(decide({ state: { ...accepted, nodeUid: "former", generation: 99, fencingToken: 99 } }).desired.kind, "on");
  });

  it("turning off needs no matching bundle", () => {
    const decision = decide({ state: accepted, order: { ...order, mode: "None", generation: 6, bundleDigest: "sha256:b" } });
    assert.deepEqual(decision.desired, { kind: "off", atOnce: false });
  });
});

describe("what is not known", () => {
  it("leaves everything as it is", () => {
    for (const unknown of [{ order: undefined }, { order: null }, { own: undefined }])
      assert.deepEqual(decide({ ...unknown, state: accepted }).desired, { kind: "leave" });
  });
});

describe("emergency off", () => {
  for (const [name, change] of [
    ["by file", { offFile: true }],
    ["by configuration", { config: { ...config, emergencyOff: true } }],
    ["by file with the API server unreachable", { offFile: true, order: undefined, config: undefined, own: undefined }],
  ] as [string, Partial<Inputs>][])
    it(`${name}: at once, and the generation is spent`, () => {
      const decision = decide({ ...change, state: accepted });
      assert.deepEqual(decision.desired, { kind: "off", atOnce: true });
      assert.equal(decision.reason, "EmergencyOff");
      assert.equal(decide({ state: decision.state }).reason, "EmergencyOff", "not switched on again when it ends");
      assert.equal(decide({ state: decision.state, order: { ...order, generation: 6 } }).desired.kind, "on");
    });
});
