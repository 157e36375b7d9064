import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ADDRESS_CLASS } from "../host-routing/kernel-layout.ts";
import { addressClasses, contains, type OutsideRanges } from "./address-classes.ts";

const cluster = {
  podRanges: ["10.244.0.0/16", "fd00:244::/48"],
  ownRanges: ["10.244.3.0/24", "fd00:244:0:3::/64"],
  serviceRanges: ["10.96.0.0/16", "fd00:96::/112"],
};
const outside: OutsideRanges = {
  native: ["10.0.0.0/8", "10.244.3.128/25", "10.96.5.0/24", "172.16.0.0/12", "169.254.1.0/24"],
  doubtful: ["192.168.0.0/16", "172.16.0.0/12"],
  service: ["20.1.2.3/32", "10.9.9.9/32", "10.244.7.7/32"],
  families: [4, 6],
};
const NAMES = new Map(Object.entries(ADDRESS_CLASS).map(([name, value]) => [value as number, name]));

/** Class of an address as the kernel's table has it: the longest prefix decides. */
function classOf(classes: ReadonlyMap<string, number>, address: string): string | undefined {
  const matches = [...classes].filter(([range]) => contains(range, address));
  const [longest] = matches.sort(([a], [b]) => Number(b.split("/")[1]) - Number(a.split("/")[1]));
  return longest && NAMES.get(longest[1]);
}

describe("addressClasses", () => {
  const cases: [string, string, string | undefined, string | undefined][] = [
    ["another node's pod", "10.244.9.9", "NATIVE", "NATIVE"],
    ["a pod of this node", "10.244.3.9", "OWN_NODE", "OWN_NODE"],
    ["a pod of this node, IPv6", "fd00:244:0:3::9", "OWN_NODE", "OWN_NODE"],
    ["a pod of this node in a range of the configuration", "10.244.3.200", "OWN_NODE", "OWN_NODE"],
    ["a ClusterIP", "10.96.0.10", "STACK", "STACK"],
    ["a ClusterIP in a range of the configuration", "10.96.5.10", "STACK", "STACK"],
    ["a load balancer outside", "20.1.2.3", undefined, "STACK"],
    ["a load balancer in a native range", "10.9.9.9", undefined, "STACK"],
    ["a service address among pods", "10.244.7.7", "NATIVE", "STACK"],
    ["a neighbour that keeps the pod's address", "10.1.2.3", undefined, "NATIVE"],
    ["what is judged differently by configuration and rules", "172.16.5.5", undefined, "STACK"],
    ["what only one of them knows", "192.168.1.1", undefined, "STACK"],
    ["the outside", "203.0.113.7", undefined, "MASQUERADE"],
    ["the outside, IPv6", "2001:db8::7", undefined, "MASQUERADE"],
    ["link-local", "169.254.169.254", undefined, "STACK"],
    ["link-local in a range of the configuration", "169.254.1.7", undefined, "STACK"],
    ["the platform's address", "168.63.129.16", undefined, "STACK"],
    ["multicast", "224.0.0.251", undefined, "STACK"],
    ["multicast, IPv6", "ff02::1", undefined, "STACK"],
    ["loopback", "127.0.0.1", undefined, "STACK"],
  ];
  for (const [name, address, alone, with_] of cases)
    it(`${name}: ${with_}`, () => {
      assert.equal(classOf(addressClasses(cluster, undefined), address), alone);
      assert.equal(classOf(addressClasses(cluster, outside), address), with_);
    });

  it("masquerades in the families that it is told only", () => {
    const classes = addressClasses(cluster, { ...outside, families: [4] });
    assert.equal(classOf(classes, "203.0.113.7"), "MASQUERADE");
    assert.equal(classOf(classes, "2001:db8::7"), undefined);
  });

  it("masquerades nothing when every address is to be kept", () =>
    assert.equal(classOf(addressClasses(cluster, { ...outside, native: ["0.0.0.0/0"] }), "203.0.113.7"), "NATIVE"));

  it("writes what is masqueraded last", () =>
    assert.deepEqual([...addressClasses(cluster, outside).keys()].slice(-2), ["0.0.0.0/0", "::/0"]));

  it("never masquerades an address of the cluster, whatever the configuration says", () => {
    const range = fc.tuple(fc.constantFrom(10, 20, 169, 172, 224), fc.nat(255), fc.integer({ min: 0, max: 32 })).map(aligned);
    const lists = fc.record({
      native: fc.array(range),
      doubtful: fc.array(range),
      service: fc.constant([]),
      families: fc.constant([4 as const]),
    });
    fc.assert(
      fc.property(lists, fc.nat(255), fc.nat(255), (given, third, fourth) => {
        const classes = addressClasses(cluster, given);
        assert.equal(classOf(classes, `10.96.${third}.${fourth}`), "STACK");
        assert.equal(classOf(classes, `169.254.${third}.${fourth}`), "STACK");
        assert.equal(classOf(classes, `10.244.${third}.${fourth}`), third === 3 ? "OWN_NODE" : "NATIVE");
      }),
      { numRuns: 200 },
    );
  });
});

describe("contains", () => {
  const cases: [string, string, boolean][] = [
    ["10.0.0.0/8", "10.1.0.0/16", true],
    ["10.1.0.0/16", "10.0.0.0/8", false],
    ["10.0.0.0/8", "10.0.0.0/8", true],
    ["10.0.0.0/9", "10.128.0.0/16", false],
    ["0.0.0.0/0", "1.2.3.4", true],
    ["0.0.0.0/0", "::1", false],
    ["fd00::/8", "fd12::1", true],
    ["10.1.2.3/32", "10.1.2.3", true],
  ];
  for (const [outer, inner, expected] of cases)
    it(`${inner} in ${outer}: ${expected}`, () => assert.equal(contains(outer, inner), expected));
});

function aligned([first, second, bits]: [number, number, number]): string {
  const address = ((first << 24) | (second << 16)) >>> 0;
  const masked = bits === 0 ? 0 : (address & (0xffffffff << (32 - bits))) >>> 0;
  return `${[24, 16, 8, 0].map((shift) => (masked >>> shift) & 255).join(".")}/${bits}`;
}
