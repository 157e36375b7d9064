import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { saved } from "./corpus/corpus-case.ts";
import type { PacketRule, Ruleset } from "./packet-rule.ts";
import { parseIptablesSave } from "./parse-iptables-save.ts";
import type { Parsed } from "./parsed.ts";

const read = (text: string): Parsed<Ruleset> => parseIptablesSave(text, { backend: "iptables-nft", family: "ip" });

function readOne(rule: string): PacketRule {
  const parsed = read(saved({ filter: ["-N MINE", rule] }));
  assert.equal(parsed.outcome, "Parsed", JSON.stringify(parsed));
  assert.ok(parsed.outcome === "Parsed");
  const rules = parsed.tables.flatMap((table) => table.chains.flatMap((chain) => chain.rules));
  assert.equal(rules.length, 1);
  return rules[0]!;
}

const is = (...values: string[]) => ({ negated: false, values });
const not = (...values: string[]) => ({ negated: true, values });
const NOTHING = { names: [], options: [] };

const RULES: readonly { rule: string; match: object; actions: readonly object[]; comment?: string }[] = [
  { rule: "-A FORWARD", match: NOTHING, actions: [] },
  { rule: "-A FORWARD -j DROP", match: NOTHING, actions: [{ kind: "drop" }] },
  { rule: "-A FORWARD -j MINE", match: NOTHING, actions: [{ kind: "jump", chain: "MINE" }] },
  { rule: "-A FORWARD -g MINE", match: NOTHING, actions: [{ kind: "goto", chain: "MINE" }] },
  {
    rule: "-A FORWARD ! -s 10.0.0.0/8 -d 10.1.0.0/16 -i eth+ ! -o lo -p tcp -j ACCEPT",
    match: {
      ...NOTHING,
      source: not("10.0.0.0/8"),
      destination: is("10.1.0.0/16"),
      inInterface: is("eth+"),
      outInterface: not("lo"),
      protocol: is("tcp"),
    },
    actions: [{ kind: "accept" }],
  },
  {
    rule: "-A FORWARD -p tcp -m multiport ! --dports 80,443,8000:8100 -j RETURN",
    match: { protocol: is("tcp"), names: ["multiport"], options: [], destinationPorts: not("80", "443", "8000:8100") },
    actions: [{ kind: "return" }],
  },
  {
    rule: '-A FORWARD -p udp -m udp --sport 53 --dport 1024:65535 -j LOG --log-prefix "it\'s \\"here\\" " --log-level 4',
    match: { protocol: is("udp"), names: ["udp"], options: [], sourcePorts: is("53"), destinationPorts: is("1024:65535") },
    actions: [{ kind: "extension", name: "LOG", options: ['--log-prefix it\'s "here" ', "--log-level 4"] }],
  },
  {
    rule: String.raw`-A FORWARD -m comment --comment "a \"b\" \\ c" -m conntrack ! --ctstate RELATED,ESTABLISHED -j REJECT --reject-with tcp-reset`,
    match: { names: ["comment", "conntrack"], options: ["! --ctstate RELATED,ESTABLISHED", "--reject-with tcp-reset"] },
    actions: [{ kind: "reject" }],
    comment: String.raw`a "b" \ c`,
  },
  {
    rule: "-A FORWARD -m comment --comment --dport -j DROP",
    match: { names: ["comment"], options: [] },
    actions: [{ kind: "drop" }],
    comment: "--dport",
  },
  {
    rule: "-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu",
    match: { protocol: is("tcp"), names: ["tcp"], options: ["--tcp-flags SYN,RST SYN"] },
    actions: [{ kind: "extension", name: "TCPMSS", options: ["--clamp-mss-to-pmtu"] }],
  },
];

const UNREADABLE: readonly [what: string, text: string, at: string, why: RegExp][] = [
  ["a line outside of a table", "hello", "line 1", /outside/],
  ["an unknown table", "*magic\nCOMMIT\n", "line 1", /no table "magic"/],
  ["a table that is not ended", "*filter\n:FORWARD ACCEPT [0:0]\n", "line 3", /ends inside/],
  ["a table inside of a table", "*filter\n*nat\nCOMMIT\n", "line 2", /before the one above/],
  ["a table twice", "*raw\nCOMMIT\n*raw\nCOMMIT\n", "line 3", /twice/],
  ["a chain twice", "*raw\n:A - [0:0]\n:A - [0:0]\nCOMMIT\n", "line 3", /twice/],
  ["an unknown policy", "*raw\n:OUTPUT MAYBE [0:0]\nCOMMIT\n", "line 2", /policy "MAYBE"/],
  ["a policy of a user's chain", "*raw\n:FORWARD DROP [0:0]\nCOMMIT\n", "line 2", /none of table "raw"/],
  ["a declaration that is none", "*raw\n:OUTPUT\nCOMMIT\n", "line 2", /does not declare/],
  ["a rule of an unknown chain", "*raw\n-A X -j DROP\nCOMMIT\n", "line 2", /no chain "X"/],
  ["an insertion", "*raw\n:OUTPUT ACCEPT [0:0]\n-I OUTPUT -j DROP\nCOMMIT\n", "line 3", /-A/],
  ["an open quote", '*raw\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -m comment --comment "a\nCOMMIT\n', "line 3", /quote/],
  ["two targets", "*raw\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -j ACCEPT -j DROP\nCOMMIT\n", "line 3", /two targets/],
  ["an option without its value", "*raw\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -s\nCOMMIT\n", "line 3", /-s has no value/],
  ["a word without its option", "*raw\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT stray -j DROP\nCOMMIT\n", "line 3", /"stray"/],
];

describe("iptables-save", () => {
  for (const { rule, match, actions, comment } of RULES)
    test(rule, () => assert.deepEqual(readOne(rule), { text: rule, match, actions, ...(comment === undefined ? {} : { comment }) }));

  for (const [what, text, at, why] of UNREADABLE)
    test(`${what} is unreadable`, () => {
      const parsed = read(text);
      assert.ok(parsed.outcome === "Unreadable", JSON.stringify(parsed));
      assert.equal(parsed.at, at);
      assert.match(parsed.why, why);
    });

  test("an empty text has no tables", () =>
    assert.deepEqual(read(""), { outcome: "Parsed", backend: "iptables-nft", tables: [], hidden: [] }));

  test("counters are no part of a rule", () => {
    const [plain, counted] = ["", "[7:420] "].map((counters) =>
      read(`*filter\n:FORWARD DROP [1:2]\n${counters}-A FORWARD -s 10.0.0.1/32 -j DROP\nCOMMIT\n`),
    );
    assert.deepEqual(counted, plain);
    assert.equal(plain?.outcome, "Parsed");
  });

  test("blanks between words are one, those of a comment stay", () => {
    const { text, comment } = readOne(String.raw`-A FORWARD -m nfacct --nfacct-name  dropped -m comment --comment "a  \"b  c" -j DROP`);
    assert.equal(text, String.raw`-A FORWARD -m nfacct --nfacct-name dropped -m comment --comment "a  \"b  c" -j DROP`);
    assert.equal(comment, 'a  "b  c');
  });

  test("chains have the hook of their name and their policy", () => {
    const parsed = read("*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING DROP [0:0]\n:MINE - [0:0]\nCOMMIT\n");
    assert.ok(parsed.outcome === "Parsed");
    assert.deepEqual(
      parsed.tables[0]?.chains.map(({ name, base, policy }) => [name, base?.hook, base?.type, policy]),
      [
        ["PREROUTING", "prerouting", "nat", "accept"],
        ["POSTROUTING", "postrouting", "nat", "drop"],
        ["MINE", undefined, undefined, undefined],
      ],
    );
  });
});
