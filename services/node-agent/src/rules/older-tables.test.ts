import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { defaultAllowList, judgeScan, loadAllowList } from "@hostrouting/netfilter";
import { readOlderTables } from "./older-tables.ts";

const folder = mkdtempSync(join(tmpdir(), "older-tables-"));
after(() => rmSync(folder, { recursive: true }));
const allowList = loadAllowList(defaultAllowList);
const EMPTY = { source: "iptables-nft-save", text: "*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n" } as const;
let files = 0;
const file = (text: string): string => {
  const name = join(folder, `file-${files++}`);
  writeFileSync(name, text);
  return name;
};
const NONE = join(folder, "none");
const MODULES =
  "nf_conntrack 200704 5 nf_nat, Live 0x0\nebtable_nat 16384 0 - Live 0x0\nebtables 45056 2 ebtable_filter,ebtable_nat, Live 0x0\n";

describe("tables of the older backend that nothing reads", () => {
  const cases: [what: string, modules: string, state: string, sources: string[]][] = [
    ["none, of a kernel without modules", NONE, "Clean", []],
    ["none", file(MODULES), "Clean", []],
    ["rules of ebtables", file(`${MODULES}ebtable_filter 16384 1 - Live 0x0\n`), "Unknown", ["ebtables-legacy"]],
    ["a list that cannot be read", folder, "Unknown", ["ebtables-legacy"]],
  ];
  for (const [what, modules, state, sources] of cases)
    it(`${what}: the node is ${state}`, () => {
      const dumps = readOlderTables(modules);
      assert.deepEqual(
        dumps.map(({ source }) => source),
        sources,
      );
      const verdict = judgeScan([EMPTY, ...dumps], allowList);
      assert.equal(verdict.state, state);
      assert.ok(verdict.unread.every(({ why }) => why !== ""));
    });
});
