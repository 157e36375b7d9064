import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { attribute, encodeMessage, textAttribute } from "./netlink-message.ts";
import { PacketFilterChanges, PLACES_MAX } from "./packet-filter-message.ts";

const NEWTABLE = 0;
const NEWRULE = 6;
const NEWSETELEM = 12;
const NEWGEN = 15;
const IP = 2;

/** A message of nf_tables; `family` stands in `struct nfgenmsg`. */
function message(type: number, family: number, ...attributes: Buffer[]): Buffer {
  const payload = Buffer.concat([Buffer.from([family, 0, 0, 0]), ...attributes]);
  return encodeMessage({ type: (10 << 8) | type, flags: 0, sequence: 0, payload });
}
const rule = (table: string, chain: string): Buffer => message(NEWRULE, IP, textAttribute(1, table), textAttribute(2, chain));
const generation = (pid: number, name: string): Buffer => {
  const number = Buffer.alloc(4);
  number.writeUInt32BE(pid);
  return message(NEWGEN, 0, attribute(1, Buffer.alloc(4)), attribute(2, number), textAttribute(3, name));
};
const place = (chain: string) => ({ kind: "rule", family: "ip", table: "filter", chain });

describe("messages of nf_tables", () => {
  it("are put together up to the generation that ends them, over several receives", () => {
    const changes = new PacketFilterChanges();
    assert.deepEqual(changes.take(Buffer.concat([rule("filter", "A"), rule("filter", "A")])), []);
    assert.deepEqual(changes.take(Buffer.concat([rule("filter", "B"), generation(70_000, "iptables-nft"), rule("filter", "C")])), [
      { writer: { pid: 70_000, name: "iptables-nft" }, places: [place("A"), place("B")], lost: false },
    ]);
    assert.deepEqual(changes.take(generation(2, "nft")), [{ writer: { pid: 2, name: "nft" }, places: [place("C")], lost: false }]);
  });

  it("name the set's table, an unknown family by its number, and nobody where the kernel names nobody", () => {
    const changes = new PacketFilterChanges();
    const set = message(NEWSETELEM, IP, textAttribute(1, "t"), textAttribute(2, "s"));
    assert.deepEqual(changes.take(Buffer.concat([set, message(NEWTABLE, 99, textAttribute(1, "t")), message(NEWGEN, 0)])), [
      {
        writer: undefined,
        places: [
          { kind: "set", family: "ip", table: "t" },
          { kind: "table", family: "99", table: "t" },
        ],
        lost: false,
      },
    ]);
  });

  it("that were lost are told as such, and what was collected belongs to nobody", () => {
    const changes = new PacketFilterChanges();
    changes.take(rule("filter", "A"));
    assert.deepEqual(changes.lost(), { writer: undefined, places: [place("A")], lost: true });
  });

  it("touch no more places than are kept", () => {
    const changes = new PacketFilterChanges();
    for (let n = 0; n <= PLACES_MAX; n += 1) changes.take(rule("filter", `c${n}`));
    const [change] = changes.take(generation(1, "nft"));
    assert.deepEqual([change?.places.length, change?.lost], [PLACES_MAX, true]);
  });

  it("of other subsystems are none, and no bytes are read past their end", () => {
    const changes = new PacketFilterChanges();
    assert.deepEqual(changes.take(encodeMessage({ type: (1 << 8) | NEWGEN, flags: 0, sequence: 0, payload: Buffer.alloc(4) })), []);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(30), (bytes, type) => {
        changes.take(encodeMessage({ type: (10 << 8) | type, flags: 0, sequence: 0, payload: Buffer.from(bytes) }));
      }),
    );
  });
});
