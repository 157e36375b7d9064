import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defaultAllowList, judgeScan, loadAllowList, type Dump } from "@hostrouting/netfilter";
import { scanReport } from "./scan-report.ts";

const allowList = loadAllowList(defaultAllowList);
const save = (...lines: string[]): Dump => {
  return { source: "iptables-nft-save", text: ["*filter", ":FORWARD ACCEPT [0:0]", ...lines, "COMMIT", ""].join("\n") };
};
const verdict = (...dumps: Dump[]) => judgeScan(dumps, allowList);

describe("the report of a scan", () => {
  it("says of each rule what it is, where, who probably and who last, and how it is removed", () => {
    const found = verdict(save("-A FORWARD -s 192.0.2.1/32 -j DROP"));
    const report = scanReport({
      ...found,
      findings: found.findings.map((finding) => ({ ...finding, changedBy: "iptables-nft (process 7)" })),
    });
    assert.deepEqual(report, {
      state: "Dirty",
      digest: found.digest,
      findings: 1,
      rules: [
        {
          class: "Bypassed",
          reason: "it drops packets",
          backend: "iptables-nft",
          family: "ip",
          table: "filter",
          chain: "FORWARD",
          rule: "-A FORWARD -s 192.0.2.1/32 -j DROP",
          owner: "A start-up script or hardening that filters",
          changedBy: "iptables-nft (process 7)",
          remedy: "Say the same with a CiliumNetworkPolicy, or in the network security group, and take the rules away.",
          removal: "iptables-nft -t filter -D FORWARD -s 192.0.2.1/32 -j DROP",
        },
      ],
      unread: [],
      missing: [],
    });
  });

  it("stays within its bounds, whatever the rules are, and has whole commands only", () => {
    const longest = (n: number): string => `-A FORWARD -m comment --comment "${"ü".repeat(3000)}${n}" -j DROP`;
    const odd = (n: number): string => `-A FORWARD -m comment --comment "${"\u001b[2J\u202e".repeat(60)}${n}" -j DROP`;
    const plain = (n: number): string => `-A FORWARD -m comment --comment "${"x".repeat(240)}${n}" -j DROP`;
    for (const make of [longest, odd, plain]) {
      const found = verdict(save(...Array.from({ length: 80 }, (_, n) => make(n))));
      const report = scanReport(found);
      assert.equal(report.findings, 80);
      assert.ok((report.rules?.length ?? 0) > 0 && (report.rules?.length ?? 0) <= 50);
      assert.ok(Buffer.byteLength(JSON.stringify(report)) <= 48 * 1024);
      for (const { rule, removal } of report.rules ?? []) {
        assert.ok(rule.length <= 1024);
        assert.doesNotMatch(rule, /[\p{Cc}\p{Cf}]/u);
        if (removal !== undefined) assert.match(removal, /-j DROP$/);
      }
    }
  });

  it("says which of the node's own rules are not there", () => {
    const { missing } = scanReport(judgeScan([save()], allowList, { expectedOwners: ["AgentBaker"] }));
    assert.deepEqual(missing, [
      {
        rule: "imds-restriction",
        families: ["ip"],
        owner: "AgentBaker",
        why: "Pods must not reach the metadata service, which hands out the node's identity.",
      },
    ]);
  });

  it("says what could not be read", () => {
    const report = scanReport(verdict({ source: "nft-json", failed: "nft:\u001b[2J gone" }));
    assert.deepEqual(report.unread, [{ source: "nft-json", at: "the tool", why: "nft:\\u{1b}[2J gone" }]);
  });
});
