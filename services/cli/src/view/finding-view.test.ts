import assert from "node:assert/strict";
import { test } from "node:test";
import { findingsCommand } from "../commands/findings.ts";

const FINDING = {
  class: "Bypassed",
  reason: "it drops packets",
  backend: "iptables-nft",
  family: "ip",
  table: "filter",
  chain: "FORWARD",
  rule: "-A FORWARD -j DROP",
  owner: "ufw",
  remedy: "Switch it off.",
  removal: "iptables-nft -t filter -D FORWARD -j DROP",
  nodes: [{ name: "n1", changedBy: "ufw (process 7)" }, { name: "n2" }],
  nodeCount: 5,
};
const UNREAD = {
  class: "Unread",
  reason: "it could not be read",
  backend: "nft-json",
  family: "",
  table: "",
  chain: "",
  rule: "the tool: nft is not there",
  remedy: "Repair it.",
  nodes: [{ name: "n3" }],
  nodeCount: 1,
};

async function said(findings: readonly unknown[], options: { node?: string; output?: "json" } = {}): Promise<string[]> {
  const lines: string[] = [];
  const asked: string[] = [];
  const cluster = { readHostRouting: async (below = "") => (asked.push(below), { value: findings }) };
  assert.equal(await findingsCommand(cluster, { output: "table", ...options }, (line) => lines.push(line)), 0);
  assert.deepEqual(asked, ["/findings"]);
  return lines;
}

test("a finding with everything that is known of it, and one with little", async () => {
  assert.deepEqual(await said([FINDING, UNREAD]), [
    "Bypassed: ip filter FORWARD (iptables-nft): -A FORWARD -j DROP",
    "  on n1 (last changed by ufw (process 7)), n2 and 3 more: it drops packets",
    "  probably of: ufw",
    "  to remove: iptables-nft -t filter -D FORWARD -j DROP",
    "  → Switch it off.",
    "Unread: nft-json: the tool: nft is not there",
    "  on n3: it could not be read",
    "  → Repair it.",
  ]);
});

test("none are none", async () => assert.deepEqual(await said([]), ["No rules are known that host routing would pass by."]));

test("of one node, and as JSON", async () => {
  assert.deepEqual(JSON.parse((await said([FINDING, UNREAD], { node: "n3", output: "json" })).join("")), [UNREAD]);
});
