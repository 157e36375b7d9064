import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { nftObjects } from "./nft-objects.ts";

const readAll = (text: string): unknown => {
  const objects = nftObjects(text);
  return typeof objects === "string" ? objects : objects.map(({ kind, value }) => ({ [kind]: value() }));
};
const RULE = { rule: { family: "ip", table: "t", chain: "c", handle: 5, comment: '}{"\\', expr: [{ drop: null }] } };

describe("the objects of nft's list", () => {
  test("are split as nft prints them, with the places of rules", () => {
    const text = `{"nftables": [{"metainfo": {"version": "1"}}, ${JSON.stringify(RULE, null, 1)}]}\n`;
    const objects = nftObjects(text);
    assert.ok(typeof objects !== "string");
    assert.deepEqual(
      objects.map(({ index, kind, place }) => [index, kind, place]),
      [
        [0, "metainfo", undefined],
        [1, "rule", { family: "ip", table: "t", chain: "c" }],
      ],
    );
    assert.deepEqual(readAll(text), [{ metainfo: { version: "1" } }, RULE]);
  });

  test("are the same however the text is laid out, and whatever stands in it", () =>
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(fc.constantFrom("rule", "set", "x"), fc.jsonValue(), { minKeys: 1, maxKeys: 1 })),
        fc.nat(4),
        (list, indent) => {
          const plain = list.map((object) => JSON.parse(JSON.stringify(object)) as unknown);
          assert.deepEqual(readAll(JSON.stringify({ nftables: list }, null, indent)), plain);
          assert.deepEqual(readAll(JSON.stringify({ more: 1, nftables: list }, null, indent)), plain);
        },
      ),
    ));

  const none: [text: string, why: RegExp][] = [
    ["", /not JSON/],
    ['{"nftables": [{"table": {}}', /not JSON/],
    ['{"nftables": [{"table": {}}]} x', /not JSON/],
    ['{"nftables": [{"table": {}},]}', /not JSON/],
    ['{"nftables": 5}', /no list/],
    ["[]", /no list/],
  ];
  for (const [text, why] of none) test(`are none in ${text}`, () => assert.match(String(nftObjects(text)), why));

  test("of no JSON between good braces are found when they are read", () => {
    const objects = nftObjects('{"nftables": [{"table": {oops}}]}');
    assert.ok(typeof objects !== "string");
    assert.deepEqual(
      objects.map(({ kind, value }) => [kind, value()]),
      [["table", undefined]],
    );
  });
});
