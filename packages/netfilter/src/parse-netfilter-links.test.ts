import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { loadAllowList } from "./allow-list.ts";
import { nftDump } from "./corpus/corpus-case.ts";
import { defaultAllowList } from "./default-allow-list.ts";
import type { Dump } from "./node-dumps.ts";
import type { NetfilterProgram } from "./parse-netfilter-links.ts";
import { judgeScan } from "./scan-findings.ts";

const allowList = loadAllowList(defaultAllowList);
const links = (...programs: unknown[]): Dump => ({ source: "netfilter-links", text: JSON.stringify(programs) });
const program = (changes: Partial<NetfilterProgram>): NetfilterProgram => {
  return { link: 7, program: "evader", protocol: 2, hook: 2, priority: -5, ...changes };
};

describe("BPF programs at netfilter's hooks", () => {
  test("none are nothing", () => assert.equal(judgeScan([links()], allowList).state, "Clean"));

  const rows: [what: string, changes: Partial<NetfilterProgram>, found: string | undefined][] = [
    ["before routing", { hook: 0 }, "bpf ip bpf prerouting"],
    ["at forward", {}, "bpf ip bpf forward"],
    ["behind routing, of IPv6", { hook: 4, protocol: 10 }, "bpf ip6 bpf postrouting"],
    ["at input: the node's own", { hook: 1 }, undefined],
    ["at output: the node's own", { hook: 3 }, undefined],
  ];
  for (const [what, changes, found] of rows)
    test(what, () => {
      const { findings, state } = judgeScan([links(program(changes))], allowList);
      assert.equal(state, found === undefined ? "Clean" : "Dirty");
      assert.equal(findings.map(({ backend, family, table, chain }) => `${backend} ${family} ${table} ${chain}`).join(), found ?? "");
    });

  test("are named, and taken away by bpftool", () => {
    const [finding] = judgeScan([links(program({}))], allowList).findings;
    assert.equal(finding?.rule, "program evader of link 7 at priority -5");
    assert.equal(finding?.removal, "bpftool link detach id 7");
    assert.equal(finding?.reason, "a BPF program decides there, and may drop or change packets");
  });

  test("are not hidden by tables of nft that have their names", () => {
    const at = { family: "ip", table: "bpf" };
    const named = nftDump(
      { table: { family: "ip", name: "bpf", flags: ["dormant"] } },
      { chain: { ...at, name: "forward", type: "filter", hook: "forward", prio: 0, policy: "accept" } },
      { rule: { ...at, chain: "forward", handle: 2, expr: [{ accept: null }] } },
    );
    const { findings } = judgeScan([links(program({})), named], allowList);
    assert.deepEqual(
      findings.map(({ backend }) => backend),
      ["bpf"],
    );
  });

  const unclear: [what: string, text: string][] = [
    ["what is no JSON", "["],
    ["what is no list", "{}"],
    ["a program without fields", "[1]"],
    ["a program without a name", JSON.stringify([{ ...program({}), program: 1 }])],
    ["a program without its hook", JSON.stringify([{ ...program({}), hook: undefined }])],
    ["an unknown protocol", JSON.stringify([program({ protocol: 7 })])],
    ["an unknown hook", JSON.stringify([program({ hook: 5 })])],
  ];
  for (const [what, text] of unclear)
    test(`${what} is not understood`, () => {
      const { state, unread } = judgeScan([{ source: "netfilter-links", text }], allowList);
      assert.deepEqual([state, unread.length], ["Unknown", 1]);
    });
});
