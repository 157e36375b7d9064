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

const node = (name: string, isScanned = true): object => ({ name, properties: isScanned ? { rules: { state: "Clean" } } : {} });
const NODES = ["n1", "n2", "n3"].map((name) => node(name));

async function said(findings: readonly unknown[], options: { node?: string; output?: "json" } = {}, nodes = NODES): Promise<string[]> {
  const lines: string[] = [];
  const lists: Readonly<Record<string, readonly unknown[]>> = { "/findings": findings, "/nodes": nodes };
  const cluster = { readHostRouting: async (below = "") => ({ value: lists[below] }) };
  assert.equal(await findingsCommand(cluster, { output: "table", ...options }, (line) => lines.push(line)), 0);
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

test("nodes whose rules nobody looked at are named, also where none are known", async () => {
  const unseen = [node("n1"), node("n2", false), node("n3", false)];
  assert.deepEqual((await said([], {}, unseen)).slice(0, 2), [
    "No rules are known that host routing would pass by.",
    "Nobody has looked at the rules of 2 of 3 nodes: n2, n3.",
  ]);
  assert.equal((await said([FINDING], { node: "n1" }, unseen)).length, 5);
});

test("a node that is not there is refused, not called clean", () =>
  assert.rejects(said([FINDING], { node: "n9" }), /has seen no node n9.*/));
