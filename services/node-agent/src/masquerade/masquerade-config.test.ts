import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { DEFAULT_CONFIG, readConfig, unmasqueradedRanges, type ConfigFile } from "./masquerade-config.ts";

const file = (text: string, name = "ip-masq-agent"): ConfigFile => ({ name, text });
const config = (ranges: string[], linkLocal = false, linkLocalV6 = false): object => ({ config: { ranges, linkLocal, linkLocalV6 } });
const many = (count: number): string => `nonMasqueradeCIDRs: [${Array.from({ length: count }, (_, at) => `10.${at}.0.0/16`).join(", ")}]`;

describe("readConfig", () => {
  const valid: [string, ConfigFile[], object][] = [
    ["no file", [], { config: DEFAULT_CONFIG }],
    ["only files of other names", [file("nonMasqueradeCIDRs: [1.0.0.0/8]", "other"), file("x", "IP-MASQ")], { config: DEFAULT_CONFIG }],
    ["an empty file", [file("")], config([])],
    ["only a comment", [file("# nothing\n")], config([])],
    ["an empty object", [file("{}")], config([])],
    ["YAML", [file("nonMasqueradeCIDRs:\n  - 10.0.0.0/8\n  - fd00::/8\nmasqLinkLocal: true\n")], config(["10.0.0.0/8", "fd00::/8"], true)],
    ["JSON", [file('{"nonMasqueradeCIDRs":["10.0.0.0/8"],"masqLinkLocalIPv6":true}')], config(["10.0.0.0/8"], false, true)],
    ["capital letters", [file("NonMasqueradeCIDRs: [10.0.0.0/8]\nMASQLINKLOCAL: yes\n")], config(["10.0.0.0/8"], true)],
    ["lower case", [file("nonmasqueradecidrs: [10.0.0.0/8]\nmasqlinklocalipv6: on\n")], config(["10.0.0.0/8"], false, true)],
    ["keys that it does not know", [file("resyncInterval: 60s\nmasqLinkLocal: false\nother: {a: 1}\n")], config([])],
    ["null values", [file("nonMasqueradeCIDRs:\nmasqLinkLocal: null\n")], config([])],
    ["the last of two spellings", [file("nonMasqueradeCIDRs: [1.0.0.0/8]\nNonMasqueradeCIDRs: [2.0.0.0/8]\n")], config(["1.0.0.0/8"])],
    ["the first of two documents", [file("masqLinkLocal: true\n---\nmasqLinkLocal: false\n")], config([], true)],
    [
      "one of ours and another",
      [file("nonMasqueradeCIDRs: [10.1.0.0/16, 10.0.0.0/8]"), file("masqLinkLocal: true", "other")],
      config(["10.0.0.0/8", "10.1.0.0/16"]),
    ],
    [
      "two files of ours",
      [
        file("nonMasqueradeCIDRs: [10.1.0.0/16]"),
        file("masqLinkLocal: true\nnonMasqueradeCIDRs: [FD00:0::/8, 10.1.0.0/16]", "ip-masq-agent-reconciled"),
      ],
      config(["10.1.0.0/16", "fd00::/8"], true),
    ],
    ["a range and an empty file", [file("nonMasqueradeCIDRs: [10.1.0.0/16]"), file("", "ip-masq-2")], config(["10.1.0.0/16"])],
    ["64 ranges", [file(many(64))], config(Array.from({ length: 64 }, (_, at) => `10.${at}.0.0/16`).sort())],
    ["every address", [file("nonMasqueradeCIDRs: [0.0.0.0/0, '::/0']")], config(["0.0.0.0/0", "::/0"])],
  ];
  for (const [name, files, expected] of valid) it(`reads ${name}`, () => assert.deepEqual(readConfig(files, true), expected));

  const invalid: [string, string, string][] = [
    ["65 ranges", many(65), "ip-masq-agent: 65 ranges; 64 are the most in one file"],
    [
      "an unaligned range",
      "nonMasqueradeCIDRs: [10.1.2.0/16]",
      "ip-masq-agent: 10.1.2.0/16 has bits set behind its length (10.1.0.0/16 has not)",
    ],
    [
      "an unaligned range, IPv6",
      "nonMasqueradeCIDRs: [fd00::1/64]",
      "ip-masq-agent: fd00::1/64 has bits set behind its length (fd00::/64 has not)",
    ],
    ["an address", "nonMasqueradeCIDRs: [10.0.0.1]", 'ip-masq-agent: "10.0.0.1" is no address range'],
    ["a length of 33", "nonMasqueradeCIDRs: [10.0.0.0/33]", 'ip-masq-agent: "10.0.0.0/33" is no address range'],
    ["leading zeros", "nonMasqueradeCIDRs: [010.0.0.0/8]", 'ip-masq-agent: "010.0.0.0/8" is no address range'],
    [
      "a mapped range",
      "nonMasqueradeCIDRs: ['::ffff:10.0.0.0/104']",
      "ip-masq-agent: ::ffff:10.0.0.0/104 is an IPv4 address written as IPv6",
    ],
    ["a null entry", "nonMasqueradeCIDRs: [null]", 'ip-masq-agent: "" is no address range'],
    ["a number", "nonMasqueradeCIDRs: [10]", "ip-masq-agent: nonMasqueradeCIDRs is no list of address ranges"],
    ["one range without a list", "NonMasqueradeCIDRs: 10.0.0.0/8", "ip-masq-agent: NonMasqueradeCIDRs is no list of address ranges"],
    ["a switch in quotes", "masqLinkLocal: 'true'", "ip-masq-agent: masqLinkLocal is neither true nor false"],
    ["a list at the top", "- 10.0.0.0/8", "ip-masq-agent: is not a list of keys and values"],
    ["text", "nonMasqueradeCIDRs", "ip-masq-agent: is not a list of keys and values"],
  ];
  for (const [name, text, fault] of invalid) it(`refuses ${name}`, () => assert.deepEqual(readConfig([file(text)], true), { fault }));

  for (const text of [
    "a: [",
    "nonMasqueradeCIDRs: [ , 10.0.0.0/8]",
    "{",
    '{"a":1} x',
    "a: b: c",
    "\tx: 1",
    "a: *nobody",
    "nonMasqueradeCIDRs: !!binary x",
  ])
    it(`says that ${JSON.stringify(text)} cannot be read`, () => assert.ok("fault" in readConfig([file(text)], true)));

  it("refuses IPv6 ranges where there is no IPv6", () =>
    assert.deepEqual(readConfig([file("nonMasqueradeCIDRs: [10.0.0.0/8, fd00::/8]")], false), {
      fault: "ip-masq-agent: fd00::/8 is an IPv6 range and this node has no IPv6",
    }));

  it("says the same whatever the case of the keys, the order of files and ranges, and the notation", () => {
    const range = fc.tuple(fc.nat(255), fc.integer({ min: 8, max: 16 })).map(([octet, bits]) => `${octet}.0.0.0/${bits}`);
    const content = fc.record({ ranges: fc.array(range, { maxLength: 20 }), linkLocal: fc.boolean(), linkLocalV6: fc.boolean() });
    const spelling = fc.record({ json: fc.boolean(), flips: fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }) });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(content, spelling), { minLength: 1, maxLength: 4 }),
        fc.array(fc.nat(), { minLength: 20, maxLength: 20 }),
        (contents, picks) => {
          const plain = contents.map(([said], at) => file(spell(said, { json: true, flips: [] }), `ip-masq-${at}`));
          const mixed = contents.map(([said, how], at) => file(spell(said, how, picks), `ip-masq-${contents.length - at}`));
          assert.deepEqual(readConfig(mixed.toReversed(), true), readConfig(plain, true));
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe("unmasqueradedRanges", () => {
  const cases: [boolean, boolean, string[]][] = [
    [false, false, ["1.0.0.0/8", "169.254.0.0/16", "fe80::/10"]],
    [true, false, ["1.0.0.0/8", "fe80::/10"]],
    [false, true, ["1.0.0.0/8", "169.254.0.0/16"]],
    [true, true, ["1.0.0.0/8"]],
  ];
  for (const [linkLocal, linkLocalV6, expected] of cases)
    it(`masquerades link-local IPv4 ${linkLocal}, IPv6 ${linkLocalV6}`, () =>
      assert.deepEqual(unmasqueradedRanges({ ranges: ["1.0.0.0/8"], linkLocal, linkLocalV6 }), expected));
});

type Said = { ranges: string[]; linkLocal: boolean; linkLocalV6: boolean };

/** Writes a configuration with keys in the given mix of cases, ranges in another order, as JSON or YAML. */
function spell({ ranges, linkLocal, linkLocalV6 }: Said, how: { json: boolean; flips: boolean[] }, picks?: readonly number[]): string {
  const key = (name: string): string => [...name].map((letter, at) => (how.flips[at] ? letter.toUpperCase() : letter)).join("");
  const order = ranges.map((range, at) => ({ range, place: picks?.[at] ?? at })).sort((a, b) => a.place - b.place);
  const members = {
    [key("nonMasqueradeCIDRs")]: order.map(({ range }) => range),
    [key("masqLinkLocal")]: linkLocal,
    [key("masqLinkLocalIPv6")]: linkLocalV6,
  };
  if (how.json) return JSON.stringify(members);
  return Object.entries(members)
    .map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`)
    .join("");
}
