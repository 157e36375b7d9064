import assert from "node:assert/strict";
import { BlockList, isIPv6, SocketAddress } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { type JsonValue, memberOf, type JsonObject } from "../json-value.ts";
import { cidrFunctions } from "./cidr-functions.ts";

const ask = (name: string, ...args: JsonValue[]): JsonValue => cidrFunctions[name.toLowerCase()]?.evaluate({ name, args }) ?? null;

// the examples of "CIDR functions for ARM templates" (learn.microsoft.com), and the edges of ranges
const answers: readonly (readonly [name: string, args: readonly JsonValue[], answer: JsonValue])[] = [
  [
    "parseCidr",
    ["10.144.0.0/20"],
    {
      network: "10.144.0.0",
      netmask: "255.255.240.0",
      broadcast: "10.144.15.255",
      firstUsable: "10.144.0.1",
      lastUsable: "10.144.15.254",
      cidr: 20,
    },
  ],
  [
    "parseCidr",
    ["fdad:3236:5555::/48"],
    {
      network: "fdad:3236:5555::",
      netmask: "ffff:ffff:ffff::",
      firstUsable: "fdad:3236:5555::",
      lastUsable: "fdad:3236:5555:ffff:ffff:ffff:ffff:ffff",
      cidr: 48,
    },
  ],
  [
    "parseCidr",
    ["10.1.2.3/32"],
    {
      ...{ network: "10.1.2.3", netmask: "255.255.255.255", broadcast: "10.1.2.3", firstUsable: "10.1.2.3", lastUsable: "10.1.2.3" },
      cidr: 32,
    },
  ],
  ["cidrSubnet", ["10.144.0.0/20", 24, 0], "10.144.0.0/24"],
  ["cidrSubnet", ["10.144.0.0/20", 24, 4], "10.144.4.0/24"],
  ["cidrSubnet", ["fdad:3236:5555::/48", 52, 3], "fdad:3236:5555:3000::/52"],
  ["cidrSubnet", ["10.144.9.9/20", 20, 0], "10.144.0.0/20"],
  ["cidrSubnet", ["0.0.0.0/0", 1, 1], "128.0.0.0/1"],
  ["cidrHost", ["10.144.3.0/24", 0], "10.144.3.1"],
  ["cidrHost", ["10.144.3.0/24", 4], "10.144.3.5"],
  ["cidrHost", ["10.144.3.0/24", 253], "10.144.3.254"],
  ["cidrHost", ["fdad:3236:5555:3000::/52", 0], "fdad:3236:5555:3000::1"],
  ["cidrHost", ["::ffff:10.0.0.0/120", 1], "::ffff:a00:2"],
  ["cidrHost", ["2001:db8:0:0:1:0:0:0/64", 0], "2001:db8::1"],
];

for (const [name, args, answer] of answers)
  test(`${name}(${args.join(", ")}) gives ${JSON.stringify(answer)}`, () => assert.deepEqual(ask(name, ...args), answer));

const refusals: readonly (readonly [name: string, args: readonly JsonValue[], message: RegExp])[] = [
  ...[
    "10.0.0.0",
    "10.0.0/8",
    "10.0.0.0/33",
    "10.0.0.256/8",
    "010.0.0.0/8",
    "10.0.0.0/8/8",
    "::/129",
    "1::2::3/8",
    "x",
    "",
    "fe80::1%eth0/64",
  ].map((range) => ["parseCidr", [range], /in CIDR notation/] as const),
  ["cidrSubnet", ["10.0.0.0/20", 19, 0], /between the range's own 20 and 32; it is 19/],
  ["cidrSubnet", ["10.0.0.0/20", 33, 0], /between the range's own 20 and 32; it is 33/],
  ["cidrSubnet", ["10.0.0.0/20", 24, 16], /between 0 and 15, of 16 subnets; it is 16/],
  ["cidrSubnet", ["10.0.0.0/20", 24, -1], /between 0 and 15/],
  ["cidrSubnet", ["10.0.0.0/20", "24", 0], /parameter 2 to be of type Integer/],
  ["cidrHost", ["10.0.0.0/24", 254], /less than the 254 addresses/],
  ["cidrHost", ["10.0.0.0/32", 0], /less than the 0 addresses/],
  ["cidrHost", ["10.0.0.0/24", -1], /less than the 254 addresses/],
];

for (const [name, args, message] of refusals)
  test(`${name}(${args.join(", ")}) is refused: ${message.source}`, () => assert.throws(() => ask(name, ...args), message));

const v4 = fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 }));
const v6 = fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 }));

test("a range is what Node takes it for: its ends are in it, and its own text again", () => {
  fc.assert(
    fc.property(fc.oneof(v4, v6), ([address, cidr]) => {
      const family = isIPv6(address) ? "ipv6" : "ipv4";
      const parsed = ask("parseCidr", `${address}/${cidr}`) as JsonObject;
      const block = new BlockList();
      block.addSubnet(address, cidr, family);
      for (const end of ["network", "firstUsable", "lastUsable"]) assert.ok(block.check(String(memberOf(parsed, end)), family), end);
      assert.equal(new SocketAddress({ address: String(parsed["network"]), family }).family, family);
      assert.deepEqual(ask("parseCidr", `${String(parsed["network"])}/${cidr}`), parsed);
    }),
  );
});

test("subnets lie side by side within their range, and hosts within theirs", () => {
  fc.assert(
    fc.property(fc.oneof(v4, v6), fc.integer({ min: 0, max: 12 }), fc.nat(), ([address, cidr], more, at) => {
      const family = isIPv6(address) ? "ipv6" : "ipv4";
      const fresh = Math.min(cidr + more, family === "ipv6" ? 128 : 32);
      const subnet = String(ask("cidrSubnet", `${address}/${cidr}`, fresh, at % 2 ** (fresh - cidr)));
      const block = new BlockList();
      block.addSubnet(address, cidr, family);
      const { network, lastUsable } = ask("parseCidr", subnet) as Record<string, string>;
      assert.ok(block.check(network ?? "", family) && block.check(lastUsable ?? "", family), subnet);
      assert.equal(subnet.split("/")[1], String(fresh));
    }),
  );
});
