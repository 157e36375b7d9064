import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { attribute, BpfObject, encodeMessage, textAttribute } from "@hostrouting/bpf-loader";
import { encodeScope, encodeSettings } from "../../services/node-agent/src/guard/guard-layout.ts";
import { compileObject } from "./loader/compiled-object.ts";

/** struct walk_context of loader/guard_walk.bpf.c */
const CONTEXT_BYTES = 32;
const BATCH_BYTES = 1 << 20;
const FIRST = Buffer.alloc(4);
const ENDS = ["goes on", "harmless", "found", "unreadable"] as const;

/** enum nf_tables_msg_types, and nfnetlink's own. */
const NFT = { table: 0, chain: 3, rule: 6, getRule: 7, deleteRule: 8, set: 9, element: 12, object: 18, flowtable: 22 } as const;
const BATCH_BEGIN = 16;
const IP = 2;

type Content = { readonly family?: number; readonly attributes?: readonly Buffer[]; readonly subsystem?: number };

function message(type: number, { family = IP, attributes = [], subsystem = 10 }: Content = {}): Buffer {
  const payload = Buffer.concat([Buffer.from([family, 0, 0, 0]), ...attributes]);
  return encodeMessage({ type: (subsystem << 8) | type, flags: 0, sequence: 0, payload });
}

const begin = encodeMessage({ type: BATCH_BEGIN, flags: 0, sequence: 0, payload: Buffer.from([0, 0, 0, 10]) });
const table = (name = "t"): Buffer => textAttribute(1, name);
const policy = (value: number): Buffer => attribute(5, Buffer.from([0, 0, 0, value]));
const rule = (of = "t", chain = "c", family: number = IP): Buffer =>
  message(NFT.rule, { family, attributes: [table(of), textAttribute(2, chain)] });
const chain = (...more: Buffer[]): Buffer => message(NFT.chain, { attributes: [table(), textAttribute(3, "c"), ...more] });

/** A message that says it is longer or shorter than it is. */
function lying(bytes: Buffer, length: number): Buffer {
  const changed = Buffer.from(bytes);
  changed.writeUInt32LE(length);
  return changed;
}

type Walked = { end: (typeof ENDS)[number]; index: number };

describe("the guard's walk over a batch", () => {
  const compiled = compileObject("guard_walk");
  let object: BpfObject;
  before(() => (object = BpfObject.load(compiled.file)));
  after(() => {
    object.close();
    compiled.remove();
  });

  const walk = (parts: readonly Buffer[], { scope = 0, strict = false } = {}): Walked => {
    const batch = Buffer.concat(parts);
    object.map("gd_settings").update(FIRST, encodeSettings({ mode: "Audit", strict, auditUntilNs: 0n, heartbeatNs: 0n }));
    object.map("gd_batch").update(FIRST, Buffer.concat([batch, Buffer.alloc(BATCH_BYTES - batch.length)]));
    const context = Buffer.alloc(CONTEXT_BYTES);
    context.writeUInt32LE(batch.length, 0);
    context.writeUInt32LE(scope, 4);
    object.program("walk_batch").runSyscall(context);
    return { end: ENDS[context.readUInt32LE(8)] ?? "goes on", index: context.readUInt32LE(12) };
  };

  const cases: [what: string, batch: readonly Buffer[], end: Walked["end"], index?: number][] = [
    ["nothing", [], "harmless"],
    ["a listing", [message(NFT.getRule)], "harmless"],
    ["deletes", [begin, message(NFT.deleteRule), message(NFT.deleteRule)], "harmless"],
    ["a table, a set and a chain", [begin, message(NFT.table), message(NFT.set), chain()], "harmless"],
    ["a chain with policy accept", [begin, chain(policy(1))], "harmless"],
    ["a chain with policy drop", [begin, chain(policy(0))], "found", 1],
    ["accept and then drop: the last counts", [begin, chain(policy(1), policy(0))], "found", 1],
    ["drop and then accept: refused all the same", [begin, chain(policy(0), policy(1))], "found", 1],
    [
      "drop behind a thousand attributes of no known type",
      [chain(...Array.from({ length: 1000 }, () => attribute(99, FIRST)), policy(0))],
      "found",
      0,
    ],
    ["drop with the byte-order flag on its type", [chain(attribute(5 | 0x4000, Buffer.from([0, 0, 0, 0])))], "found", 0],
    ["drop in an attribute that does not fit is not read by the kernel either", [chain(Buffer.from([99, 0, 5, 0]))], "harmless"],
    ["a rule", [begin, rule()], "found", 1],
    ["an element of a set", [message(NFT.element)], "found", 0],
    ["an object", [message(NFT.object)], "found", 0],
    ["a flowtable", [message(NFT.flowtable)], "found", 0],
    ["a message of that number of another subsystem", [message(NFT.rule, { subsystem: 6 })], "harmless"],
    ["a rule behind 20,000 messages", [...Array.from({ length: 20_000 }, () => message(NFT.getRule)), rule()], "found", 20_000],
    ["a rule behind a message of odd length", [lying(message(NFT.table, { attributes: [table()] }), 27), rule()], "found", 1],
    ["a rule behind a message that is too short: the kernel stops too", [lying(message(NFT.table), 15), rule()], "harmless"],
    ["a rule behind a message that says it is longer than the batch", [lying(message(NFT.table), 4096), rule()], "harmless"],
    ["a length that wraps when it is rounded up", [lying(message(NFT.table), 0xffffffff), rule()], "harmless"],
    ["a last message without its padding", [message(NFT.table), lying(rule(), 20).subarray(0, 20)], "found", 1],
    ["a header that is cut off", [message(NFT.table), rule().subarray(0, 15)], "harmless"],
  ];
  for (const [what, batch, end, index] of cases)
    it(`${what}: ${end}`, () => {
      const walked = walk(batch);
      assert.equal(walked.end, end);
      if (index !== undefined) assert.equal(walked.index, index);
    });

  it("tables and sets count in strict mode", () => {
    assert.deepEqual(walk([begin, message(NFT.table)], { strict: true }), { end: "found", index: 1 });
    assert.deepEqual(walk([begin, message(NFT.set)], { strict: true }), { end: "found", index: 1 });
  });

  describe("within a scope", () => {
    before(() => {
      const permitted = [
        { scope: 1, family: IP, table: "nat", chain: "IP-MASQ-AGENT" },
        { scope: 2, family: IP, table: "nat", chain: "" },
        { scope: 1, family: IP, table: "nat", chain: "x".repeat(31) },
      ];
      for (const key of permitted) object.map("gd_scopes").update(encodeScope(key), FIRST);
    });

    const scoped: [what: string, batch: readonly Buffer[], scope: number, end: Walked["end"]][] = [
      ["the chain", [rule("nat", "IP-MASQ-AGENT")], 1, "harmless"],
      ["the chain, and another one behind it", [rule("nat", "IP-MASQ-AGENT"), rule("nat", "POSTROUTING")], 1, "found"],
      ["the chain of another family", [rule("nat", "IP-MASQ-AGENT", 10)], 1, "found"],
      ["a chain whose name begins so", [rule("nat", "IP-MASQ-AGENT-2")], 1, "found"],
      ["a chain of another table", [rule("filter", "IP-MASQ-AGENT")], 1, "found"],
      ["the longest name that a scope can hold", [rule("nat", "x".repeat(31))], 1, "harmless"],
      ["a name one longer", [rule("nat", "x".repeat(32))], 1, "found"],
      ["no chain's name at all", [message(NFT.rule, { attributes: [table("nat")] })], 1, "found"],
      [
        "a name without its NUL",
        [message(NFT.rule, { attributes: [attribute(1, Buffer.from("nat")), attribute(2, Buffer.from("IP-MASQ-AGENT"))] })],
        1,
        "harmless",
      ],
      [
        "a name that goes on behind its NUL",
        [message(NFT.rule, { attributes: [table("nat"), attribute(2, Buffer.from("IP-MASQ-AGENT\0x"))] })],
        1,
        "found",
      ],
      [
        "the right chain first, another one last: the last counts",
        [message(NFT.rule, { attributes: [table("nat"), textAttribute(2, "IP-MASQ-AGENT"), textAttribute(2, "OUTPUT")] })],
        1,
        "found",
      ],
      [
        "any chain of a table",
        [rule("nat", "OUTPUT"), message(NFT.element, { attributes: [table("nat"), textAttribute(2, "a-set")] })],
        2,
        "harmless",
      ],
      [
        "a set's element, where only a chain is permitted",
        [message(NFT.element, { attributes: [table("nat"), textAttribute(2, "IP-MASQ-AGENT")] })],
        1,
        "found",
      ],
      [
        "policy drop, which no scope holds",
        [message(NFT.chain, { attributes: [table("nat"), textAttribute(3, "IP-MASQ-AGENT"), policy(0)] })],
        2,
        "found",
      ],
      ["policy accept", [message(NFT.chain, { attributes: [table("nat"), textAttribute(3, "IP-MASQ-AGENT"), policy(1)] })], 1, "harmless"],
      ["another scope's chain", [rule("nat", "IP-MASQ-AGENT")], 3, "found"],
    ];
    const strictly: typeof scoped = [
      ["its table made anew", [message(NFT.table, { attributes: [table("nat")] }), rule("nat", "IP-MASQ-AGENT")], 1, "harmless"],
      [
        "its table, and another's chain behind it",
        [message(NFT.table, { attributes: [table("nat")] }), rule("nat", "POSTROUTING")],
        1,
        "found",
      ],
      ["a set, where only a chain is permitted", [message(NFT.set, { attributes: [table("nat"), textAttribute(2, "s")] })], 1, "found"],
      ["a set, where the whole table is", [message(NFT.set, { attributes: [table("nat"), textAttribute(2, "s")] })], 2, "harmless"],
    ];
    for (const [what, batch, scope, end] of strictly)
      it(`in strict mode ${what}: ${end}`, () => assert.equal(walk([begin, ...batch], { scope, strict: true }).end, end));

    for (const [what, batch, scope, end] of scoped) it(`${what}: ${end}`, () => assert.equal(walk([begin, ...batch], { scope }).end, end));
  });
});
