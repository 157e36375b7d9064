import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { loadAllowList } from "./allow-list.ts";
import { bothFamilies, dump, nftDump } from "./corpus/corpus-case.ts";
import { defaultAllowList } from "./default-allow-list.ts";
import type { Dump } from "./node-dumps.ts";
import { FINDINGS_MAX, judgeScan } from "./scan-findings.ts";

const allowList = loadAllowList(defaultAllowList);
const digest = (...dumps: Dump[]): string => judgeScan(dumps, allowList).digest;
const drops = (...sources: string[]): string[] => sources.map((source) => `-A FORWARD -s ${source}/32 -j DROP`);

test("a finding says where, whose, why and what to do", () => {
  const { findings } = judgeScan([dump({ filter: ["-A FORWARD -i tailscale0 -j DROP"] })], allowList);
  assert.deepEqual(findings, [
    {
      class: "Bypassed",
      reason: "it drops packets",
      backend: "iptables-nft",
      family: "ip",
      table: "filter",
      chain: "FORWARD",
      rule: "-A FORWARD -i tailscale0 -j DROP",
      remedy: "Run the subnet router in a pod, or on a machine outside of the cluster.",
      writer: "tailscale",
      owner: "Tailscale",
      removal: "iptables-nft -t filter -D FORWARD -i tailscale0 -j DROP",
    },
  ]);
});

test("a foreign rule in a chain of a known part is called foreign, not allowed", () => {
  const { findings } = judgeScan([dump({ filter: ["-A FORWARD -j CILIUM_FORWARD", "-A CILIUM_FORWARD -j DROP"] })], allowList);
  assert.deepEqual(
    findings.map(({ writer, class: is }) => [writer, is]),
    [
      ["cilium", "Bypassed"],
      ["cilium", "Bypassed"],
    ],
  );
  for (const { remedy } of findings) assert.match(remedy, /none that is known/);
});

describe("the digest", () => {
  const one = dump({ filter: drops("10.9.0.1", "10.9.0.2") });
  test("is the same whatever the order and the counters", () => {
    assert.equal(digest(one), digest(dump({ filter: drops("10.9.0.2", "10.9.0.1") })));
    assert.equal(
      digest(one),
      digest({ source: "iptables-nft-save", text: "text" in one ? one.text.replaceAll("\n-A", "\n[5:6] -A") : "" }),
    );
  });
  const others: readonly [string, Dump[]][] = [
    ["a rule less", [dump({ filter: drops("10.9.0.1") })]],
    ["another rule", [dump({ filter: drops("10.9.0.1", "10.9.0.3") })]],
    ["another backend", [dump({ filter: drops("10.9.0.1", "10.9.0.2") }, "iptables-legacy-save")]],
    ["another table", [dump({ mangle: drops("10.9.0.1", "10.9.0.2") })]],
    ["a dump that failed beside", [one, { source: "nft-json", failed: "no" }]],
  ];
  for (const [what, dumps] of others) test(`is another with ${what}`, () => assert.notEqual(digest(...dumps), digest(one)));
  test("does not see rules that offend nobody", () =>
    assert.equal(digest(one), digest(dump({ filter: ["-A INPUT -j DROP", ...drops("10.9.0.1", "10.9.0.2")] }))));
  test("is the one of FNV-1a for nothing", () => assert.equal(digest(dump({})), "cbf29ce484222325"));
});

describe("what is known and what is not", () => {
  test("dirty wins, and says what was not read", () => {
    const verdict = judgeScan([dump({ filter: drops("10.9.0.1") }), { source: "nft-json", failed: "timed out" }], allowList);
    assert.equal(verdict.state, "Dirty");
    assert.deepEqual(verdict.unread, [{ source: "nft-json", at: "the tool", why: "timed out" }]);
  });
  test("what cannot be read says where", () => {
    const verdict = judgeScan([{ source: "iptables-legacy-save", text: "*filter\n?\nCOMMIT" }], allowList);
    assert.equal(verdict.state, "Unknown");
    assert.deepEqual(
      verdict.unread.map(({ source, at }) => [source, at]),
      [["iptables-legacy-save", "line 2"]],
    );
  });
  test("bypassed rules stand before unknown ones", () => {
    const { findings } = judgeScan([dump({ filter: ["-A FORWARD -j NOWHERE", ...drops("10.9.0.1")] })], allowList);
    assert.deepEqual(
      findings.map(({ class: is }) => is),
      ["Bypassed", "Unknown"],
    );
  });
});

test("findings end at their limit, and the rest is counted", () => {
  const many = Array.from({ length: FINDINGS_MAX + 7 }, (_, index) => `10.9.0.${index}`);
  const verdict = judgeScan([dump({ filter: drops(...many) })], allowList);
  assert.deepEqual([verdict.findings.length, verdict.omitted, verdict.counts.Bypassed], [FINDINGS_MAX, 7, FINDINGS_MAX + 7]);
});

test("a long rule is cut in its finding, and removed whole", () => {
  const comment = "x".repeat(600);
  const [finding] = judgeScan([dump({ filter: [`-A FORWARD -m comment --comment ${comment} -j DROP`] })], allowList).findings;
  assert.equal(finding?.rule.length, 401);
  assert.ok(finding?.removal?.includes(comment));
});

const MASQUERADE =
  '-A IP-MASQ-AGENT -m comment --comment "ip-masq-agent: outbound traffic is subject to MASQUERADE (must be last in chain)" -j MASQUERADE';
const MASQ_JUMP =
  '-A POSTROUTING -m comment --comment "ip-masq-agent: ensure nat POSTROUTING directs all non-LOCAL destination traffic to our custom IP-MASQ-AGENT chain" -m addrtype ! --dst-type LOCAL -j IP-MASQ-AGENT';

describe("what is missing", () => {
  const wireserver = "-A FORWARD -d 168.63.129.16/32 -p tcp -m tcp --dport 80 -j DROP";
  const missing = (rules: string[], expectedOwners: string[] = []): string[] | undefined =>
    judgeScan([dump({ filter: rules })], allowList, { expectedOwners }).missing?.map(({ entry }) => entry);
  test("nothing of an owner that is not there", () => assert.deepEqual(missing([]), []));
  test("the other rules of an owner that is there", () => assert.deepEqual(missing([wireserver]), ["wireserver-32526"]));
  test("all rules of an owner that is expected", () => assert.deepEqual(missing([], ["AgentBaker"]), ["imds-restriction"]));
  test("what was there before, in the family in which it was", () => {
    const [dhcp, both] = [
      dump({ filter: ["-A INPUT -p udp -m udp --dport 68 -j ACCEPT"] }),
      bothFamilies({ nat: [MASQUERADE, MASQ_JUMP] }),
    ];
    const later = (before: readonly Dump[], now: readonly Dump[]): unknown =>
      judgeScan(now, allowList, { seenBefore: judgeScan(before, allowList).seen }).missing?.map(({ entry, families }) => [entry, families]);
    assert.deepEqual(later([dhcp], [dump({})]), [["dhcp-client", ["ip"]]]);
    assert.deepEqual(later(both, both), []);
    assert.deepEqual(later(both, both.slice(0, 1)), [
      ["ip-masq-agent-jump", ["ip6"]],
      ["ip-masq-agent-masquerade", ["ip6"]],
    ]);
  });
  test("is not told where a tool that would show it failed, and is where another did", () => {
    const of = (source: Dump["source"]): number | undefined =>
      judgeScan([dump({}), { source, failed: "it hung" }], allowList, { expectedOwners: ["AgentBaker"] }).missing?.length;
    assert.deepEqual([of("iptables-legacy-save"), of("nft-json"), of("netfilter-links")], [undefined, undefined, 1]);
  });
});

test("entries for other node images do not apply", () => {
  const entry = { ...defaultAllowList.entries[0]!, nodeImages: { to: "202501.01.0" } };
  const list = loadAllowList({ version: 1, entries: [entry] });
  const one = dump({ filter: ["-A FORWARD -d 168.63.129.16/32 -p tcp -m tcp --dport 80 -j DROP"] });
  assert.deepEqual(
    ["202412.01.0", "202502.01.0"].map((nodeImage) => judgeScan([one], list, { nodeImage }).state),
    ["Clean", "Dirty"],
  );
});

test("rules of nft are found beside those of iptables", () => {
  const at = { family: "inet", table: "t" };
  const nft = nftDump(
    { table: { family: "inet", name: "t" } },
    { chain: { ...at, name: "c", type: "filter", hook: "forward", prio: 0, policy: "accept" } },
    { rule: { ...at, chain: "c", handle: 3, expr: [{ drop: null }] } },
  );
  const { findings } = judgeScan([dump({ filter: drops("10.9.0.1") }), nft], allowList);
  assert.deepEqual(
    findings.map(({ backend }) => backend),
    ["iptables-nft", "nft"],
  );
});

test("a table that sleeps is judged as if it were awake, says so, and is none of the node's own rules", () => {
  const saves = dump({ filter: [...drops("10.9.0.1"), "-A FORWARD -d 168.63.129.16/32 -p tcp -m tcp --dport 80 -j DROP"] });
  const at = { family: "ip", table: "filter" };
  const asleep = nftDump(
    { table: { family: "ip", name: "filter", flags: ["dormant"] } },
    { chain: { ...at, name: "FORWARD", type: "filter", hook: "forward", prio: 0, policy: "accept" } },
    ...[1, 2].map((handle) => ({ rule: { ...at, chain: "FORWARD", handle, expr: [{ drop: null }] } })),
  );
  const { findings, missing, seen } = judgeScan([saves, asleep], allowList, { expectedOwners: ["AKS node set-up"] });
  assert.match(findings[0]?.reason ?? "", /^dormant, .*: it drops packets$/);
  assert.deepEqual([findings.length, missing?.map(({ entry }) => entry), [...seen]], [1, ["wireserver-80", "wireserver-32526"], []]);
});
