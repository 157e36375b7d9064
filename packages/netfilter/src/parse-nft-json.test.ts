import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { dump, nftDump } from "./corpus/corpus-case.ts";
import type { Dump } from "./node-dumps.ts";
import { readDumps } from "./node-dumps.ts";
import type { PacketRule, Ruleset } from "./packet-rule.ts";
import { parseNftJson } from "./parse-nft-json.ts";
import type { Parsed } from "./parsed.ts";

const TABLE = { table: { family: "inet", name: "t", handle: 1 } };
const AT = { family: "inet", table: "t" };
const CHAIN = { chain: { ...AT, name: "c", handle: 1, type: "filter", hook: "forward", prio: 0, policy: "accept" } };

function readText(one: Dump): Parsed<Ruleset> {
  assert.ok("text" in one);
  return parseNftJson(one.text);
}

function readOne(...expr: readonly object[]): PacketRule {
  const parsed = readText(nftDump(TABLE, CHAIN, { rule: { ...AT, chain: "c", handle: 5, expr } }));
  assert.ok(parsed.outcome === "Parsed", JSON.stringify(parsed));
  return parsed.tables[0]!.chains[0]!.rules[0]!;
}

const is = (...values: string[]) => ({ negated: false, values });
const field = (protocol: string, name: string) => ({ payload: { protocol, field: name } });
const match = (left: object, right: unknown, op = "==") => ({ match: { op, left, right } });

const RULES: readonly [what: string, expr: readonly object[], match: object, actions: readonly object[], words: string][] = [
  [
    "an address",
    [match(field("ip", "saddr"), "10.0.0.1"), { drop: null }],
    { source: is("10.0.0.1") },
    [{ kind: "drop" }],
    "ip saddr 10.0.0.1 drop",
  ],
  [
    "a prefix that is not it",
    [match(field("ip6", "daddr"), { prefix: { addr: "fd00::", len: 8 } }, "!="), { accept: null }],
    { destination: { negated: true, values: ["fd00::/8"] } },
    [{ kind: "accept" }],
    "ip6 daddr != fd00::/8 accept",
  ],
  [
    "a set of ports and ranges",
    [match(field("tcp", "dport"), { set: [80, { range: [8000, 8100] }] }), { reject: null }],
    { protocol: is("tcp"), destinationPorts: is("80", "8000:8100") },
    [{ kind: "reject" }],
    "tcp dport { 80, 8000-8100 } reject",
  ],
  [
    "a range",
    [match(field("ip", "saddr"), { range: ["10.0.0.1", "10.0.0.9"] })],
    { source: is("10.0.0.1-10.0.0.9") },
    [],
    "ip saddr 10.0.0.1-10.0.0.9",
  ],
  [
    "a named set",
    [match(field("ip", "daddr"), "@s"), { return: null }],
    { destination: is("@s") },
    [{ kind: "return" }],
    "ip daddr @s return",
  ],
  [
    "devices and a protocol",
    [
      match({ meta: { key: "iifname" } }, "eth0"),
      match({ meta: { key: "oifname" } }, "lo", "!="),
      match({ meta: { key: "l4proto" } }, "udp"),
    ],
    { inInterface: is("eth0"), outInterface: { negated: true, values: ["lo"] }, protocol: is("udp") },
    [],
    "meta iifname eth0 meta oifname != lo meta l4proto udp",
  ],
  [
    "what has no field is named",
    [match({ ct: { key: "state" } }, ["new", "invalid"], "in"), { counter: { packets: 5, bytes: 50 } }, { goto: { target: "c" } }],
    { names: ["ct state", "counter"], options: ["ct state { new, invalid }"] },
    [{ kind: "goto", chain: "c" }],
    "ct state { new, invalid } counter goto c",
  ],
  [
    "a target of iptables",
    [{ xt: { type: "match", name: "owner" } }, { xt: { type: "target", name: "LOG" } }],
    { names: ["xt owner"] },
    [{ kind: "extension", name: "xt:LOG", options: ["xt target LOG"] }],
    "xt match owner xt target LOG",
  ],
];

const UNREADABLE: readonly [what: string, text: string, at: string, why: RegExp][] = [
  ["no JSON", "table ip filter {}", "the whole text", /not JSON/],
  ["JSON of something else", "[]", "the whole text", /no list/],
  ["an object without a kind", '{"nftables":[5]}', "object 1", /kind/],
  ["an object of an unknown kind", '{"nftables":[{"table":{"family":"ip","name":"t"}},{"wormhole":{}}]}', "object 2", /"wormhole"/],
  ["an unknown family", '{"nftables":[{"table":{"family":"ip9","name":"t"}}]}', "object 1", /"ip9"/],
  [
    "an unknown hook",
    '{"nftables":[{"table":{"family":"ip","name":"t"}},{"chain":{"family":"ip","table":"t","name":"c","hook":"sky"}}]}',
    "object 2",
    /"sky"/,
  ],
  [
    "an unknown policy",
    '{"nftables":[{"table":{"family":"ip","name":"t"}},{"chain":{"family":"ip","table":"t","name":"c","policy":"x"}}]}',
    "object 2",
    /"x"/,
  ],
  [
    "a table's name that is an object",
    '{"nftables":[{"map":{"table":{"toString":false}}}]}',
    "object 1",
    /\{"toString":false\}.*not listed/,
  ],
  ["a chain of no table", '{"nftables":[{"chain":{"family":"ip","table":"t","name":"c"}}]}', "object 1", /not listed/],
  [
    "a rule of no chain",
    '{"nftables":[{"table":{"family":"ip","name":"t"}},{"rule":{"family":"ip","table":"t","chain":"c","expr":[]}}]}',
    "object 2",
    /not listed/,
  ],
  ["an unknown version", '{"nftables":[{"metainfo":{"version":"9.9","json_schema_version":2}}]}', "object 1", /version 2 /],
  ["a rule without expressions", JSON.stringify({ nftables: [TABLE, CHAIN, { rule: { ...AT, chain: "c" } }] }), "object 3", /expressions/],
];

describe("nft -j list ruleset", () => {
  for (const [what, expr, asked, actions, words] of RULES)
    test(what, () => {
      const expected = { text: `add rule inet t c ${words}`, match: { names: [], options: [], ...asked }, actions, handle: 5 };
      assert.deepEqual(readOne(...expr), expected);
    });

  for (const [what, text, at, why] of UNREADABLE)
    test(`${what} is unreadable`, () => {
      const parsed = parseNftJson(text);
      assert.ok(parsed.outcome === "Unreadable", JSON.stringify(parsed));
      assert.equal(parsed.at, at);
      assert.match(parsed.why, why);
    });

  test("tables keep their flag, chains their devices and priority, and what rules refer to is recorded", () => {
    const parsed = readText(
      nftDump(
        { table: { family: "netdev", name: "n", flags: ["dormant"] } },
        {
          chain: {
            family: "netdev",
            table: "n",
            name: "i",
            type: "filter",
            hook: "ingress",
            prio: -500,
            dev: ["eth0", "eth1"],
            policy: "drop",
          },
        },
        { set: { family: "netdev", table: "n", name: "s", type: "ipv4_addr" } },
        { map: { family: "netdev", table: "n", name: "m", type: "ipv4_addr", map: "mark" } },
        { flowtable: { family: "netdev", table: "n", name: "f" } },
        { counter: { family: "netdev", table: "n", name: "k", packets: 0, bytes: 0 } },
      ),
    );
    assert.ok(parsed.outcome === "Parsed");
    const base = { hook: "ingress", type: "filter", priority: -500, devices: ["eth0", "eth1"] };
    const chains = [{ name: "i", base, policy: "drop", rules: [] }];
    assert.deepEqual(parsed.tables, [{ family: "netdev", name: "n", dormant: true, chains, sets: ["s"], maps: ["m"], flowtables: ["f"] }]);
  });
});

const IP = { family: "ip", table: "filter" };
const IP_CHAINS = [
  { table: { family: "ip", name: "filter" } },
  { chain: { ...IP, name: "FORWARD", type: "filter", hook: "forward", prio: 0, policy: "accept" } },
  { rule: { ...IP, chain: "FORWARD", handle: 2, expr: [{ xt: { type: "target", name: "TCPMSS" } }] } },
];

describe("views of nft and iptables-nft together", () => {
  const chainsOfNft = (...dumps: Dump[]): string[] => {
    const nft = readDumps(dumps).rulesets.find(({ backend }) => backend === "nft");
    return (nft?.tables ?? []).flatMap(({ family, name, chains }) => chains.map((chain) => `${family} ${name} ${chain.name}`));
  };
  const twin = dump({ filter: ["-A FORWARD -j TCPMSS --clamp-mss-to-pmtu"] });

  test("a table that both show is in one", () => assert.deepEqual(chainsOfNft(twin, nftDump(...IP_CHAINS)), []));
  test("without the other view it stays", () => assert.deepEqual(chainsOfNft(nftDump(...IP_CHAINS)), ["ip filter FORWARD"]));
  test("the legacy backend's table is another", () =>
    assert.deepEqual(chainsOfNft(dump({ filter: [] }, "iptables-legacy-save"), nftDump(...IP_CHAINS)), ["ip filter FORWARD"]));
  test("the other family's table is another", () =>
    assert.deepEqual(chainsOfNft(dump({ filter: [] }, "ip6tables-nft-save"), nftDump(...IP_CHAINS)), ["ip filter FORWARD"]));
  test("a chain with more rules than the other view shows stays", () =>
    assert.deepEqual(chainsOfNft(dump({ filter: [] }), nftDump(...IP_CHAINS)), ["ip filter FORWARD"]));
  test("a base chain of nft in such a table stays with what it leads to", () => {
    const more = [
      { chain: { ...IP, name: "mine", type: "filter", hook: "forward", prio: -9, policy: "accept" } },
      { chain: { ...IP, name: "EMPTY" } },
      { rule: { ...IP, chain: "mine", handle: 9, expr: [{ jump: { target: "EMPTY" } }] } },
    ];
    const saved = dump({ filter: ["-A FORWARD -j TCPMSS --clamp-mss-to-pmtu", "-N EMPTY"] });
    assert.deepEqual(chainsOfNft(saved, nftDump(...IP_CHAINS, ...more)), ["ip filter mine", "ip filter EMPTY"]);
  });
  test("a dormant table is dormant in both views", () => {
    const sleeping = [{ table: { family: "ip", name: "filter", flags: "dormant" } }, ...IP_CHAINS.slice(1)];
    const { rulesets } = readDumps([twin, nftDump(...sleeping)]);
    assert.deepEqual(
      rulesets.map(({ backend, tables }) => [backend, tables.map(({ dormant }) => dormant)]),
      [
        ["iptables-nft", [true]],
        ["nft", []],
      ],
    );
  });
});
