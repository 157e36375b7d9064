import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { OwnTable, type KernelTable, type TableEntry } from "./own-table.ts";

const bytes = (text: string): Buffer => Buffer.from(text);
const entries = (...pairs: [string, string][]): TableEntry[] => pairs.map(([key, value]) => [bytes(key), bytes(value)]);

/** A table as the kernel has it; `log` is what was done to it. */
function tableOf(...pairs: [string, string][]): KernelTable & { readonly content: Map<string, string>; readonly log: string[] } {
  const content = new Map(pairs);
  const log: string[] = [];
  return {
    content,
    log,
    lookup: (key) => {
      const found = content.get(key.toString());
      return found === undefined ? undefined : bytes(found);
    },
    update: (key, value) => {
      log.push(`+${key.toString()}`);
      content.set(key.toString(), value.toString());
    },
    delete: (key) => {
      log.push(`-${key.toString()}`);
      content.delete(key.toString());
    },
    keys: () => [...content.keys()].map(bytes),
  };
}

describe("a table of the guard's own", () => {
  it("is brought to what is wanted, new entries before old ones go", () => {
    const table = tableOf(["old", "1"], ["kept", "1"]);
    const own = new OwnTable(table);
    assert.equal(own.sync(entries(["kept", "1"], ["new", "1"])), 2);
    assert.deepEqual(table.log, ["+new", "-old"]);
    assert.equal(own.takeForeign(), false, "what an earlier agent left is nobody's meddling");
  });

  const meddling: [what: string, meddle: (content: Map<string, string>) => void, foreign: boolean][] = [
    ["nothing", () => undefined, false],
    ["an entry that was added", (content) => content.set("theirs", "1"), true],
    ["an entry that was changed", (content) => content.set("ours", "2"), true],
    ["an entry that was removed", (content) => content.delete("ours"), true],
    ["an entry that is wanted now, and somebody else had added", (content) => content.set("next", "1"), true],
    ["an entry that is not wanted any more, and was changed", (content) => content.set("last", "2"), true],
  ];
  for (const [what, meddle, foreign] of meddling)
    it(`finds ${what} ${foreign ? "to be somebody else's" : "amiss"}, and puts it right`, () => {
      const table = tableOf();
      const own = new OwnTable(table);
      own.sync(entries(["ours", "1"], ["last", "1"]));
      meddle(table.content);
      own.sync(entries(["ours", "1"], ["next", "1"]));
      assert.deepEqual(Object.fromEntries(table.content), { ours: "1", next: "1" });
      assert.equal(own.takeForeign(), foreign);
      own.sync(entries(["ours", "1"], ["next", "1"]));
      assert.equal(own.takeForeign(), false, "it is told once");
    });

  it("a table that was full half-way knows what it wrote", () => {
    const table = tableOf();
    const full: KernelTable = {
      ...table,
      update: (key, value) => {
        if (key.toString() === "second") throw new Error("E2BIG");
        table.update(key, value);
      },
    };
    const own = new OwnTable(full);
    own.sync([]);
    assert.throws(() => own.sync(entries(["first", "1"], ["second", "1"])));
    own.sync(entries(["first", "1"]));
    assert.equal(own.takeForeign(), false);
  });
});
