import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultAllowList, judgeWholeScan, loadAllowList, type Dump } from "@hostrouting/netfilter";
import { platformRules } from "./platform-rules.ts";

const allowList = loadAllowList(defaultAllowList);
const NODE = "10.224.0.4";
const WIRESERVER = ["80", "32526"].map((port) => `-A FORWARD -d 168.63.129.16/32 -p tcp -m tcp --dport ${port} -j DROP`);
const METADATA = `-A FORWARD ! -s ${NODE}/32 -d 169.254.169.254/32 -p tcp -m tcp --dport 80 -j DROP`;
const save = (...rules: string[]): Dump => {
  return { source: "iptables-nft-save", text: ["*filter", ":FORWARD ACCEPT [0:0]", ...rules, "COMMIT", ""].join("\n") };
};
const LEGACY = save(...WIRESERVER, METADATA);
const failed = (source: Dump["source"]): Dump => ({ source, failed: "it hangs" });

const rows: readonly (readonly [name: string, dumps: readonly Dump[], state: string, missing: number])[] = [
  ["all there", [save(...WIRESERVER, METADATA)], "Present", 0],
  ["one is gone", [save(...WIRESERVER)], "Missing", 1],
  ["all are gone", [save()], "Missing", 3],
  ["in the older backend", [save(), { source: "iptables-legacy-save", text: "text" in LEGACY ? LEGACY.text : "" }], "Present", 0],
  ["none seen, and a tool that failed", [save(), failed("iptables-legacy-save")], "Unknown", 3],
  ["all there, and a tool that failed", [save(...WIRESERVER, METADATA), failed("iptables-legacy-save")], "Present", 0],
  ["none seen, and another family's tool that failed", [save(), failed("ip6tables-nft-save")], "Missing", 3],
  ["let past before", [save("-A FORWARD -p tcp -j ACCEPT", ...WIRESERVER, METADATA)], "Missing", 3],
];

for (const [name, dumps, state, missing] of rows)
  test(`a node's own rules: ${name}`, () => {
    const found = platformRules(judgeWholeScan(dumps, allowList).rules, [NODE]);
    assert.deepEqual([found.state, found.missing.length], [state, missing]);
  });
