import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AppError } from "@hostrouting/domain";
import { entriesFor, forNodeImage, loadAllowList, retiredEntries } from "./allow-list.ts";
import { saved } from "./corpus/corpus-case.ts";
import { defaultAllowList } from "./default-allow-list.ts";
import { parseIptablesSave } from "./parse-iptables-save.ts";

const ENTRY = {
  id: "mine",
  families: ["ip"],
  tables: ["filter"],
  chain: "FORWARD",
  rule: "^-A FORWARD -s 10[.]0[.]0[.]1/32 -j DROP$",
  owner: "me",
  why: "because",
  effectWhenBypassed: "none",
};

const REFUSED: readonly [what: string, change: object, says: RegExp][] = [
  ["an empty pattern", { rule: "" }, /mine: rule is blank/],
  ["a blank pattern", { rule: "   " }, /mine: rule is blank/],
  ["a pattern that is not anchored in front", { rule: "-A FORWARD -j DROP$" }, /rule is not anchored/],
  ["a pattern that is not anchored behind", { rule: "^-A FORWARD" }, /rule is not anchored/],
  ["a pattern whose last sign is an escaped dollar", { rule: String.raw`^-A FORWARD\$` }, /rule is not anchored/],
  ["an alternative beside the anchors", { rule: "^-A FORWARD -j DROP|x$" }, /rule has an alternative outside/],
  ["a pattern that matches everything", { rule: "^.*$" }, /rule matches everything/],
  ["another that matches everything", { rule: String.raw`^[\s\S]*$` }, /rule matches everything/],
  ["a third that matches everything", { rule: "^(?:.|x)*$" }, /rule matches everything/],
  ["a pattern that is none", { rule: "^(-A$" }, /rule is not a regular expression/],
  ["a repetition of a repetition", { rule: "^-A (a+)+$" }, /rule repeats a group/],
  ["a repetition deep inside", { rule: "^-A ((x(a*)y)|b){2,}$" }, /rule repeats a group/],
  ["a repetition after a class with brackets", { rule: String.raw`^-A [\]()]([a-z]{1,9}){1,9}$` }, /rule repeats a group/],
  ["an endless pattern", { rule: `^${"a".repeat(1_000)}$` }, /rule is longer/],
  ["verdicts by a pattern that is not anchored", { leadsTo: "goto mine" }, /leadsTo is not anchored/],
  ["verdicts by a pattern that matches everything", { leadsTo: "^.*$" }, /leadsTo matches everything/],
  ["verdicts by no pattern", { leadsTo: ["DROP"] }, /leadsTo is no pattern/],
  ["fields without an action", { rule: { destination: "10.0.0.1/32" } }, /rule has no action/],
  ["an unknown field of a rule", { rule: { target: "DROP" } }, /rule has the unknown field target/],
  ["a blank field of a rule", { rule: { action: "DROP", source: " " } }, /rule has a blank source/],
  ["options that are no list", { rule: { action: "DROP", options: "x" } }, /rule has no list of words as its options/],
  ["a rule that is a number", { rule: 5 }, /rule is neither/],
  ["a chain pattern that is not anchored", { chain: "KUBE-.*" }, /chain is not anchored/],
  ["a chain pattern that matches everything", { chain: "^.*$" }, /chain matches everything/],
  ["a blank chain", { chain: " " }, /chain is blank/],
  ["no owner", { owner: "" }, /owner is missing/],
  ["no reason", { why: undefined }, /why is missing/],
  ["no families", { families: [] }, /families/],
  ["an unknown family", { families: ["ip9"] }, /families/],
  ["no tables", { tables: [" "] }, /tables/],
  ["an unknown effect", { effectWhenBypassed: "magic" }, /effectWhenBypassed/],
  ["a day that is none", { retireAfter: "2027-02-30" }, /retireAfter/],
  ["a date of another form", { retireAfter: "1.2.2027" }, /retireAfter/],
  ["an image range without bounds", { nodeImages: {} }, /nodeImages/],
  ["an image bound that is no version", { nodeImages: { from: "latest" } }, /nodeImages/],
  ["an unknown field", { replacement: "x" }, /mine: replacement is no field/],
  ["an id in capitals", { id: "Mine" }, /entry 1: id/],
  ["a flag that is a word", { expected: "yes" }, /expected/],
  ["another flag that is a word", { lasting: "yes" }, /lasting/],
];

function load(...changes: readonly object[]): ReturnType<typeof loadAllowList> {
  return loadAllowList({ version: 1, entries: changes.map((change) => ({ ...ENTRY, ...change })) });
}

function saysRefused(says: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof AppError);
    assert.equal(error.code, "netfilter.allow-list");
    assert.match(error.message, says);
    return true;
  };
}

describe("loading", () => {
  for (const [what, change, says] of REFUSED) test(`${what} is refused`, () => assert.throws(() => load(change), saysRefused(says)));

  test("an id twice is refused", () => assert.throws(() => load({}, {}), saysRefused(/mine: id is there twice/)));
  for (const [what, document] of Object.entries({
    nothing: undefined,
    list: [],
    unversioned: { entries: [ENTRY] },
    empty: { version: 1, entries: [] },
  }))
    test(`a document that is ${what} is refused`, () => assert.throws(() => loadAllowList(document), saysRefused(/allow-list/)));

  const accepted = [
    {},
    { chain: "^KUBE-[A-Z]{1,9}$" },
    { rule: "^-A( -s [0-9.]+)?( -j DROP)?$" },
    { rule: { action: "DROP" } },
    { retireAfter: "2028-02-29" },
  ];
  for (const change of accepted) test(`${JSON.stringify(change)} is accepted`, () => assert.equal(load(change).entries.length, 1));

  test("the shipped list", () => assert.equal(loadAllowList(defaultAllowList).entries.length, defaultAllowList.entries.length));
  test("the shipped list has no entry for chains of policy engines", () => {
    const list = loadAllowList(defaultAllowList);
    for (const chain of ["AZURE-NPM", "cali-FORWARD", "ISTIO_POSTRT", "DOCKER", "ts-forward"])
      assert.ok(!list.matchers.some((one) => one.chain(chain)), chain);
  });
});

describe("which entry knows a rule", () => {
  const shape = { rule: { destination: "10.0.0.1/32", protocol: "tcp", destinationPorts: "80,443", action: "DROP" } };
  const known: readonly [rule: string, change: object, isKnown: boolean][] = [
    ["-A FORWARD -s 10.0.0.1/32 -j DROP", {}, true],
    ["-A FORWARD -s 10.0.0.1/32 -j DROP", { families: ["ip6"] }, false],
    ["-A FORWARD -s 10.0.0.1/32 -j DROP", { tables: ["mangle"] }, false],
    ["-A FORWARD -s 10.0.0.1/32 -j DROP", { chain: "INPUT" }, false],
    ["-A FORWARD -s 10.0.0.1/32 -i eth0 -j DROP", {}, false],
    ["-A FORWARD -d 10.0.0.1/32 -p tcp -m multiport --dports 80,443 -j DROP", shape, true],
    ["-A FORWARD -d 10.0.0.1/32 -p tcp -m multiport --dports 80,444 -j DROP", shape, false],
    ["-A FORWARD ! -d 10.0.0.1/32 -p tcp -m multiport --dports 80,443 -j DROP", shape, false],
    ["-A FORWARD -d 10.0.0.1/32 -p tcp -m multiport --dports 80,443 -m comment --comment x -j DROP", shape, false],
    ["-A FORWARD -d 10.0.0.1/32 -p tcp -m multiport --dports 80,443 -m socket -j DROP", shape, false],
    ["-A FORWARD -d 10.0.0.1/32 -p tcp -m multiport --dports 80,443 -j REJECT --reject-with tcp-reset", shape, false],
  ];
  for (const [line, change, isKnown] of known)
    test(`${line} by ${JSON.stringify(change)}: ${isKnown}`, () => {
      const parsed = parseIptablesSave(saved({ filter: [line] }), { backend: "iptables-nft", family: "ip" });
      assert.ok(parsed.outcome === "Parsed");
      const rule = parsed.tables[0]!.chains.flatMap(({ rules }) => rules)[0]!;
      const entry = entriesFor(load(change), { family: "ip", table: "filter", chain: "FORWARD" })(rule);
      assert.equal(entry?.id, isKnown ? "mine" : undefined);
    });
});

describe("entries in time", () => {
  const range = load({ nodeImages: { from: "202501.05.0", to: "202506.20.0" } });
  const images: readonly [string, number][] = [
    ["202501.05.0", 1],
    ["202501.4.9", 0],
    ["202503.1.0", 1],
    ["202506.20.0", 1],
    ["202506.20.1", 0],
    ["custom", 0],
  ];
  for (const [image, count] of images)
    test(`on image ${image} ${count} apply`, () => assert.equal(forNodeImage(range, image).matchers.length, count));
  test("an entry without a range applies to all", () => assert.equal(forNodeImage(load({}), "custom").matchers.length, 1));
  test("an entry is retired on the day after", () => {
    const list = load({ retireAfter: "2027-01-31" });
    assert.deepEqual(
      ["2027-01-31", "2027-02-01"].map((day) => retiredEntries(list, day).length),
      [0, 1],
    );
  });
});
