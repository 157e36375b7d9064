import assert from "node:assert/strict";
import { BlockList, isIP } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { cidrText, contains, overlaps, parseRange } from "./address-range.ts";

const address = fc.oneof(
  { arbitrary: fc.ipV4(), weight: 1 },
  { arbitrary: fc.ipV6(), weight: 1 },
  // Near to one another, so that ranges meet.
  { arbitrary: fc.integer({ min: 0, max: 255 }).map((low) => `10.0.0.${low}`), weight: 2 },
  { arbitrary: fc.integer({ min: 0, max: 255 }).map((low) => `fd00::${low.toString(16)}`), weight: 2 },
);
const range = fc.tuple(address, fc.nat(128)).map(([host, length]) => `${host}/${host.includes(":") ? length : length % 33}`);

test("a range holds an address exactly when Node's own list says so", () => {
  fc.assert(
    fc.property(range, address, (cidr, host) => {
      const [net = "", length] = cidr.split("/");
      const list = new BlockList();
      list.addSubnet(net, Number(length), isIP(net) === 6 ? "ipv6" : "ipv4");
      const [outer, inner] = [parseRange(cidr), parseRange(host)];
      assert.ok(outer && inner, `${cidr} and ${host} are read`);
      const same = isIP(net) === isIP(host);
      assert.equal(contains(outer, inner), same && list.check(host, isIP(host) === 6 ? "ipv6" : "ipv4"), `${host} in ${cidr}`);
      assert.equal(overlaps(outer, inner), contains(outer, inner), "a single address overlaps what holds it");
    }),
  );
});

test("overlapping is the same from both sides, and follows from a common address", () => {
  fc.assert(
    fc.property(range, range, address, (a, b, host) => {
      const [one, other, inner] = [parseRange(a), parseRange(b), parseRange(host)];
      assert.ok(one && other && inner);
      assert.equal(overlaps(one, other), overlaps(other, one));
      if (contains(one, inner) && contains(other, inner)) assert.ok(overlaps(one, other));
    }),
  );
});

test("what is no range with a prefix is refused", () => {
  const wrong = [
    "",
    "10.0.0",
    "10.0.0.256",
    "10.0.0.0/33",
    "10.0.0.0/8/8",
    "10.0.0.0/255.0.255.0",
    "10.0.0.1-10.0.0.9",
    "@set",
    "fd00::/129",
    "1::2::3",
    "::12345",
    "::1.2.3.400",
    "1:2:3:4:5:6:7::8:9",
  ];
  assert.deepEqual(
    wrong.filter((text) => parseRange(text) !== undefined),
    [],
  );
});

test("a range is written with its prefix, whatever way it was given", () => {
  const given = ["10.0.0.1", "10.0.0.0/8", "10.0.0.0/255.255.0.0", "fd00::1", "fd00::/ffff::", "::ffff:1.2.3.4"];
  assert.deepEqual(given.map(cidrText), ["10.0.0.1/32", "10.0.0.0/8", "10.0.0.0/16", "fd00::1/128", "fd00::/16", "::ffff:1.2.3.4/128"]);
});
