import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { attribute, encodeMessage, textAttribute } from "./netlink-message.ts";
import { WritesCollector, WRITTEN_MESSAGES_MAX, WRITTEN_PLACES_MAX } from "./packet-filter-writes.ts";

const NFT = { table: 0, chain: 3, deleteRule: 8, rule: 6, set: 9, element: 12, object: 18, end: 15, flowtable: 22 } as const;
const IP = 2;

function message(type: number, ...attributes: Buffer[]): Buffer {
  const payload = Buffer.concat([Buffer.from([IP, 0, 0, 0]), ...attributes]);
  return encodeMessage({ type: (10 << 8) | type, flags: 0, sequence: 0, payload });
}
const number = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const table = textAttribute(1, "filter");
const rule = (chain: string, ...more: Buffer[]): Buffer => message(NFT.rule, table, textAttribute(2, chain), ...more);
const chain = (...more: Buffer[]): Buffer => message(NFT.chain, table, textAttribute(3, "FORWARD"), ...more);
const end = message(NFT.end, attribute(1, number(1)), attribute(2, number(70_000)), textAttribute(3, "nft"));
const writer = { pid: 70_000, name: "nft" };
/** What is written, as `type family table chain count`. */
const shown = (...parts: Buffer[]): string[] =>
  new WritesCollector()
    .take(Buffer.concat([...parts, end]))
    .flatMap(({ places }) => places.map(({ type, family, table: of, chain: at, count }) => `${type} ${family} ${of} ${at} ${count}`));

describe("what a transaction wrote", () => {
  const cases: [what: string, messages: Buffer[], expected: string[]][] = [
    ["rules, by their chains", [rule("A"), rule("B"), rule("A")], ["6 2 filter A 2", "6 2 filter B 1"]],
    ["a policy that drops", [chain(attribute(5, number(0)))], ["3 2 filter FORWARD 1"]],
    ["no policy that accepts", [chain(attribute(5, number(1)))], []],
    ["no chain without a policy", [chain()], []],
    [
      "elements, objects and flowtables, which are in no chain",
      [message(NFT.element, table), message(NFT.object, table), message(NFT.flowtable, table)],
      ["12 2 filter  1", "18 2 filter  1", "22 2 filter  1"],
    ],
    ["no tables and sets, which do nothing yet", [message(NFT.table, table), message(NFT.set, table)], []],
    ["nothing that is taken away", [message(NFT.deleteRule, table, textAttribute(2, "A"))], []],
  ];
  for (const [what, messages, expected] of cases) it(`is ${what}`, () => assert.deepEqual(shown(...messages), expected));

  it("is told with its writer when it ends, over several receives, and each message from its header on", () => {
    const writes = new WritesCollector();
    assert.deepEqual(writes.take(rule("A")), []);
    const places = [{ type: NFT.rule, family: IP, table: "filter", chain: "A", count: 1, messages: [rule("A")] }];
    assert.deepEqual(writes.take(Buffer.concat([end, rule("B")])), [{ writer, places, unplaced: 0, lost: false }]);
  });

  it("belongs to nobody when messages were lost", () => {
    const writes = new WritesCollector();
    writes.take(rule("A"));
    assert.partialDeepStrictEqual(writes.lost(), { writer: undefined, lost: true, places: [{ chain: "A" }] });
    assert.deepEqual(writes.take(end), []);
  });

  it("is counted whole, of however many messages and places", () => {
    const writes = new WritesCollector();
    for (let n = 0; n < WRITTEN_MESSAGES_MAX + 7; n++) writes.take(rule("A"));
    for (let n = 0; n <= WRITTEN_PLACES_MAX; n++) writes.take(rule(`c${n}`));
    const [told] = writes.take(end);
    assert.ok(told);
    const kept = told.places.reduce((sum, place) => sum + place.messages.length, 0);
    const counted = told.places.reduce((sum, place) => sum + place.count, 0);
    assert.deepEqual(
      [told.places.length, kept, told.unplaced, counted + told.unplaced],
      [WRITTEN_PLACES_MAX, WRITTEN_MESSAGES_MAX, 2, WRITTEN_MESSAGES_MAX + WRITTEN_PLACES_MAX + 8],
    );
  });

  it("is cut where the guard's programs cut it, and no bytes are read past their end", () => {
    const writes = new WritesCollector();
    const [told] = writes.take(Buffer.concat([rule("A", attribute(7, Buffer.alloc(5000))), end]));
    assert.equal(told?.places[0]?.messages[0]?.length, 1024);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(30), (bytes, type) => {
        writes.take(encodeMessage({ type: (10 << 8) | type, flags: 0, sequence: 0, payload: Buffer.from(bytes) }));
      }),
    );
  });
});
