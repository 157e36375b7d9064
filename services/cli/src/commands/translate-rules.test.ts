import assert from "node:assert/strict";
import { test } from "node:test";
import { translateRulesCommand } from "./translate-rules.ts";

const save = (...rules: string[]): string => ["*filter", ":FORWARD ACCEPT [0:0]", ...rules, "COMMIT", ""].join("\n");
const WIRESERVER = "-A FORWARD -d 168.63.129.16/32 -p tcp -m tcp --dport 80 -j DROP";

async function translated(files: Readonly<Record<string, string>>): Promise<{ code: number; policy: unknown; remarks: string[] }> {
  const policies: string[] = [];
  const remarks: string[] = [];
  const code = await translateRulesCommand(
    Object.keys(files),
    { name: "from-rules", clusterCidr: ["10.244.0.0/16"], nodeAddress: [] },
    {
      read: async (file) => files[file] ?? "",
      policy: (text) => void policies.push(text),
      remark: (line) => void remarks.push(line),
    },
  );
  return { code, policy: policies[0] === undefined ? undefined : JSON.parse(policies[0]), remarks };
}

test("rules of several files become one policy, those that cannot be said have a reason and a hint", async () => {
  const { code, policy, remarks } = await translated({
    v4: save(WIRESERVER, "-A FORWARD -d 10.244.3.0/24 -j REJECT"),
    v6: save("-A FORWARD -d 2001:db8::/32 -j REJECT"),
  });
  assert.equal(code, 2);
  assert.deepEqual((policy as { spec: { egressDeny: unknown } }).spec.egressDeny, [
    { toCIDR: ["168.63.129.16/32"], toPorts: [{ ports: [{ port: "80", protocol: "TCP" }] }] },
    { toCIDR: ["2001:db8::/32"] },
  ]);
  assert.deepEqual(remarks, [
    `said: ip filter: ${WIRESERVER}`,
    "by hand (ClusterAddress): ip filter: -A FORWARD -d 10.244.3.0/24 -j REJECT",
    "  10.244.3.0/24 has addresses of the cluster's own range 10.244.0.0/16.",
    "  → CIDR rules match no pods, nodes and Services: use `toEndpoints`, `toEntities` (host, remote-node) or `toServices`.",
    "said: ip6 filter: -A FORWARD -d 2001:db8::/32 -j REJECT",
    "  The sender is not told: a denied packet is dropped.",
    "2 of 3 rules are said by the policy.",
  ]);
});

test("when all are said the exit code is 0; when none is concerned there is no policy", async () => {
  assert.equal((await translated({ a: save(WIRESERVER) })).code, 0);
  assert.deepEqual(await translated({ a: save("-A FORWARD -j ACCEPT") }), {
    code: 0,
    policy: undefined,
    remarks: ["No rule is among them that host routing would pass by."],
  });
});

test("what nft prints is read as well", async () => {
  const chain = { family: "ip", table: "t", name: "c", handle: 1, type: "filter", hook: "forward", prio: 0, policy: "accept" };
  const expr = [{ match: { op: "==", left: { payload: { protocol: "ip", field: "daddr" } }, right: "203.0.113.7" } }, { drop: null }];
  const nft = [
    { metainfo: { json_schema_version: 1 } },
    { table: { family: "ip", name: "t", handle: 1 } },
    { chain },
    { rule: { family: "ip", table: "t", chain: "c", handle: 2, expr } },
  ];
  assert.equal((await translated({ a: JSON.stringify({ nftables: nft }) })).code, 0);
});

test("a text that is no dump is refused whole, with its place", async () => {
  await assert.rejects(
    translated({ "rules.txt": "*filter\n:FORWARD ACCEPT [0:0]\n-A NOWHERE -j DROP\nCOMMIT\n" }),
    /rules\.txt cannot be used: .*NOWHERE/,
  );
});
