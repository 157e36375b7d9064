import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RuleWrites, WriteOutcome } from "@hostrouting/bpf-loader";
import { judgeAuditTrial, judgeTrial, type TrialResult } from "./guard-trial.ts";

const writes = (nftables: WriteOutcome, legacy: WriteOutcome = nftables, link: WriteOutcome = nftables): RuleWrites => ({
  nftables,
  legacy,
  link,
});
const absent = { unknown: "EPROTONOSUPPORT" };

describe("judgeTrial", () => {
  const cases: [name: string, before: RuleWrites, guarded: RuleWrites, outcome: TrialResult["outcome"], message: RegExp][] = [
    ["all ways are closed", writes("Reached"), writes("Refused"), "Passed", /nf_tables, the older tables, eBPF netfilter links/],
    ["the programs are never asked", writes("Reached"), writes("Reached"), "Failed", /nf_tables and the older tables and/],
    ["one way stays open", writes("Reached"), writes("Refused", "Reached"), "Failed", /the older tables can be written/],
    ["somebody else refuses", writes("Refused"), writes("Refused"), "Unknown", /Something else refuses/],
    ["the kernel has no nf_tables", writes(absent, "Reached"), writes(absent, "Refused"), "Passed", /: the older tables/],
    ["nothing could be tried", writes(absent), writes(absent), "Unknown", /not be written by any way/],
  ];
  for (const [name, before, guarded, outcome, message] of cases)
    it(`${name}: ${outcome}`, () => {
      const result = judgeTrial(before, guarded);
      assert.equal(result.outcome, outcome);
      assert.match(result.message, message);
    });
});

describe("judgeAuditTrial", () => {
  const cases: [
    name: string,
    writes: RuleWrites,
    seen: { nftables: boolean; legacy: boolean },
    outcome: TrialResult["outcome"],
    message: RegExp,
  ][] = [
    ["both ways are seen", writes("Reached"), { nftables: true, legacy: true }, "Passed", /nf_tables, the older tables/],
    ["one way is not seen", writes("Reached"), { nftables: true, legacy: false }, "Failed", /does not see that the older tables/],
    ["somebody else refuses, and it is seen", writes("Refused"), { nftables: true, legacy: true }, "Passed", /Seen/],
    ["the kernel has no nf_tables", writes(absent, "Reached"), { nftables: false, legacy: true }, "Passed", /: the older tables/],
    ["nothing could be tried", writes(absent), { nftables: false, legacy: false }, "Unknown", /not be written by any way/],
  ];
  for (const [name, made, seen, outcome, message] of cases)
    it(`${name}: ${outcome}`, () => {
      const result = judgeAuditTrial(made, seen);
      assert.equal(result.outcome, outcome);
      assert.match(result.message, message);
    });
});
