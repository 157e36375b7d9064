import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { kernelAddress } from "../host-routing/kernel-address.ts";
import { ADDRESS_CLASS, CONNTRACK, REASONS, ROLE, Struct, type Reason } from "../host-routing/kernel-layout.ts";
import { tracedDirection } from "./traced-direction.ts";

const NO_AGE = 2n ** 64n - 1n;
const NO_ROUTE_ASKED = 2 ** 32 - 1000;
const ends = { keptOnStack: [], source: { address: "10.244.1.5", port: 1 }, destination: { address: "10.244.2.7", port: 2 } };
const nameOf = (ifindex: number): string => `if${ifindex}`;

function findings(reason: Reason): Struct<"hr_trace"> {
  const found = new Struct("hr_trace").set("reason", REASONS.indexOf(reason)).set("route", NO_ROUTE_ASKED);
  return found.set("flow_age_ns", NO_AGE).set("nat_age_ns", NO_AGE);
}

describe("the kernel's findings in words", () => {
  it("of a known flow from a pod", () => {
    const found = findings("FastRemote").set("role", ROLE.POD).set("source_ifindex", 4).set("class", ADDRESS_CLASS.NATIVE);
    found.set("conntrack", CONNTRACK.UNKNOWN).set("flow_age_ns", 1_500_000_000n);
    found.set("route", 7).set("route_ifindex", 2).set("route_mtu", 1500);
    assert.deepEqual(tracedDirection({ ...ends, found, ifindex: 4, nameOf }), {
      ...ends,
      device: "if4",
      role: "Pod",
      reason: "FastRemote",
      sourceCheck: "Own",
      addressClass: "Native",
      endpoint: undefined,
      conntrack: "Unknown",
      flowAgeMs: 1500,
      translation: undefined,
      route: { answer: "NO_NEIGH", device: "if2", mtuBytes: 1500 },
    });
  });

  it("of a packet for an opted-out pod that nothing was asked about", () => {
    const found = findings("StackOptOut").set("role", ROLE.UPLINK).set("endpoint_ifindex", 5);
    assert.deepEqual(tracedDirection({ ...ends, keptOnStack: ["destination"], found, ifindex: 2, nameOf }), {
      ...ends,
      device: "if2",
      role: "Uplink",
      reason: "StackOptOut",
      sourceCheck: undefined,
      addressClass: "None",
      endpoint: "if5",
      keptOnStack: ["destination"],
      conntrack: "NotAsked",
      flowAgeMs: undefined,
      translation: undefined,
      route: { answer: "NotAsked", device: undefined, mtuBytes: 0 },
    });
  });

  for (const address of ["10.200.0.1", "fd00:200::1"])
    it(`of a translation to ${address}`, () => {
      const found = findings("FastMasquerade")
        .set("nat_address", kernelAddress(address))
        .set("nat_port", Buffer.from([0xee, 0x49]));
      found.set("nat_age_ns", 0n);
      assert.deepEqual(tracedDirection({ ...ends, found, ifindex: 4, nameOf }).translation, { address, port: 0xee49, ageMs: 0 });
    });

  it("of sources that are not the device's, and of a route that failed", () => {
    const found = findings("StackSource")
      .set("role", ROLE.POD)
      .set("route", 2 ** 32 - 22);
    assert.equal(tracedDirection({ ...ends, found, ifindex: 4, nameOf }).sourceCheck, "NoPod");
    assert.equal(tracedDirection({ ...ends, found: found.set("source_ifindex", 9), ifindex: 4, nameOf }).sourceCheck, "OtherDevice");
    assert.equal(tracedDirection({ ...ends, found, ifindex: 4, nameOf }).route.answer, "errno 22");
  });
});
