import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { loadAllowList } from "./allow-list.ts";
import { dump, nftDump } from "./corpus/corpus-case.ts";
import { defaultAllowList } from "./default-allow-list.ts";
import type { Dump, DumpSource } from "./node-dumps.ts";
import { judgeScan } from "./scan-findings.ts";
import { shellQuote } from "./save-words.ts";

const allowList = loadAllowList(defaultAllowList);

function removalOf(one: Dump): string | undefined {
  const { findings } = judgeScan([one], allowList);
  assert.equal(findings.length, 1, JSON.stringify(findings));
  return findings[0]?.removal;
}

const SAVED: readonly [source: DumpSource, table: string, rule: string, command: string | undefined][] = [
  ["iptables-nft-save", "filter", "-A FORWARD -s 10.9.0.1/32 -j DROP", "iptables-nft -t filter -D FORWARD -s 10.9.0.1/32 -j DROP"],
  ["iptables-legacy-save", "raw", "-A PREROUTING -j DROP", "iptables-legacy -t raw -D PREROUTING -j DROP"],
  ["ip6tables-nft-save", "mangle", "-A FORWARD -j DROP", "ip6tables-nft -t mangle -D FORWARD -j DROP"],
  ["ip6tables-legacy-save", "nat", "-A POSTROUTING -j MASQUERADE", "ip6tables-legacy -t nat -D POSTROUTING -j MASQUERADE"],
  ["iptables-nft-save", "filter", "-P FORWARD DROP", "iptables-nft -t filter -P FORWARD ACCEPT"],
  ["iptables-nft-save", "filter", "-A FORWARD ! -s 10.9.0.1/32 -j DROP", "iptables-nft -t filter -D FORWARD '!' -s 10.9.0.1/32 -j DROP"],
  [
    "iptables-nft-save",
    "filter",
    String.raw`-A FORWARD -m comment --comment "a'; rm -rf / #\"$(b)\" \`c\` \\ d" -j DROP`,
    String.raw`iptables-nft -t filter -D FORWARD -m comment --comment 'a'\''; rm -rf / #"$(b)" ` + "`c` " + String.raw`\ d' -j DROP`,
  ],
  ["iptables-nft-save", "filter", `-A FORWARD -m comment --comment "\u001b[2Jgone" -j DROP`, undefined],
  ["iptables-nft-save", "filter", `-A FORWARD -m comment --comment "\u202Etxet" -j DROP`, undefined],
  ["iptables-nft-save", "filter", `-A FORWARD -m comment --comment "not UTF-8: \uFFFD" -j DROP`, undefined],
];

const AT = { family: "inet", table: "t" };
const base = (policy: string, name = "c") => ({ chain: { ...AT, name, type: "filter", hook: "forward", prio: 0, policy } });
const TABLE = { table: { family: "inet", name: "t" } };
const NFT: readonly [what: string, objects: readonly object[], command: string | undefined][] = [
  [
    "a rule",
    [TABLE, base("accept"), { rule: { ...AT, chain: "c", handle: 12, expr: [{ drop: null }] } }],
    "nft delete rule inet t c handle 12",
  ],
  ["a rule without its handle", [TABLE, base("accept"), { rule: { ...AT, chain: "c", expr: [{ drop: null }] } }], undefined],
  ["a policy", [TABLE, base("drop")], "nft add chain inet t c '{ policy accept; }'"],
  ["a flowtable", [TABLE, { flowtable: { ...AT, name: "f" } }], "nft delete flowtable inet t f"],
  ["a flowtable whose name is syntax", [TABLE, { flowtable: { ...AT, name: "f; flush ruleset" } }], undefined],
  ["a chain whose name is syntax", [TABLE, base("drop", "c; flush ruleset")], undefined],
];

describe("the command that removes", () => {
  for (const [source, table, rule, command] of SAVED)
    test(`${source}: ${JSON.stringify(rule)}`, () => assert.equal(removalOf(dump({ [table]: [rule] }, source)), command));
  for (const [what, objects, command] of NFT) test(`${what} of nft`, () => assert.equal(removalOf(nftDump(...objects)), command));

  test("a rule of ebtables", () => {
    const text = "*filter\n:FORWARD ACCEPT\n-A FORWARD -p IPv4 --ip-src ! 10.9.0.1 -j DROP\n";
    assert.equal(
      removalOf({ source: "ebtables-nft-save", text }),
      "ebtables-nft -t filter -D FORWARD -p IPv4 --ip-src '!' 10.9.0.1 -j DROP",
    );
  });
});

test("what a shell would take apart or replace is quoted", () => {
  for (const word of ["", "a b", "$x", "`x`", "a;b", "a'b", "!", "*", "~", "a\\b", "#", "(", "{a,b}"])
    assert.match(shellQuote(word), /^'.*'$/s, word);
  for (const word of ["-A", "10.0.0.0/8", "eth+", "a:b,c", "0x1/0x1", "%"]) assert.equal(shellQuote(word), word);
});
