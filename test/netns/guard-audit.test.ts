import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { buildEvade } from "../vm/evasion/build-evade.ts";
import { AuditedNamespace, type Group, type ToldAttempt } from "./guard-audit.ts";

const legacy = (kind: ToldAttempt["kind"], family: string): Partial<ToldAttempt> => ({
  kind,
  executableName: "xtables-legacy-multi",
  text: { family, table: "filter", chain: "", rule: "the whole table anew" },
});
const nft = (executableName: string, [family, table, chain]: readonly [string, string, string], rule: string): Partial<ToldAttempt> => ({
  kind: "Nftables",
  executableName,
  text: { family, table, chain, rule },
});
const OWN_TABLE = "add table inet mine; add chain inet mine a { type filter hook forward priority 5; policy drop; }";

/** What somebody writes whom nobody permitted, and what is told of it. */
const ATTEMPTS: [what: string, line: string, told: Partial<ToldAttempt>[]][] = [
  ["iptables-legacy", "iptables-legacy -A FORWARD -s 192.0.2.1 -j DROP", [legacy("Iptables", "ip")]],
  ["ip6tables-legacy", "ip6tables-legacy -A FORWARD -s 2001:db8::1 -j DROP", [legacy("Ip6tables", "ip6")]],
  [
    "iptables-nft",
    "iptables-nft -A FORWARD -s 192.0.2.1 -j DROP",
    [nft("xtables-nft-multi", ["ip", "filter", "FORWARD"], "ip saddr 192.0.2.1 drop")],
  ],
  [
    "nft -f, each thing that it writes",
    `echo '${OWN_TABLE}; add rule inet mine a tcp dport 22 drop; add rule inet mine a tcp dport 23 drop' | nft -f -`,
    [
      nft("nft", ["inet", "mine", "a"], "policy drop"),
      nft("nft", ["inet", "mine", "a"], "l4proto tcp dport 22 drop"),
      nft("nft", ["inet", "mine", "a"], "l4proto tcp dport 23 drop"),
    ],
  ],
];
/** Ways to write, by the names of test/vm/evasion: what is told as `process of parent in cgroup: rule`. */
const WAYS: [way: string, told: RegExp | undefined][] = [
  ["legacy-v4-on-v6-socket", /^evade of sh in stranger: ip filter {2}the whole table anew$/],
  ["legacy-32bit", /^evade of sh in stranger: ip filter {2}the whole table anew$/],
  ["legacy-arp", /^evade of sh in stranger: arp filter {2}the whole table anew$/],
  ["legacy-eb", /^evade of sh in stranger: bridge filter {2}the whole table anew$/],
  ["nft-behind-20000", /^evade of sh in stranger: ip evade through comment "evade rule"$/],
  ["nft-odd-length-3", /^evade of sh in stranger: ip evade through comment "evade rule"$/],
  ["nft-policy-twice", /^evade of sh in stranger: ip evade twice policy drop$/],
  ["nft-element", /^evade of sh in stranger: ip evade {2}elements of set addresses$/],
  ["nft-object", /^evade of sh in stranger: ip evade {2}object counted$/],
  ["socket-then-unshare", /^evade of sh in stranger: ip evade through comment "evade rule"$/],
  ["socket-then-setns", /^evade of sh in stranger: ip evade through comment "evade rule"$/],
  ["socket-passed", /^evade of evade in stranger: ip evade through comment "evade rule"$/],
  ["renamed-parent", /^cilium-agent of python3 in stranger: ip evade through comment "evade rule"$/],
  ["uring-worker", /^iou-wrk-\d+ of {2}in : ip evade through comment "evade rule"$/],
  ["own-namespace", undefined],
];
const QUIET: [what: string, line: string][] = [
  ["listing", "iptables-nft -S; iptables-legacy -S; nft list ruleset"],
  ["deleting from nf_tables", "iptables-nft -D FORWARD -s 192.0.2.1 -j DROP; nft delete table inet mine"],
  ["a table, and a chain that accepts", "nft add table inet quiet; nft add chain inet quiet a '{ type filter hook input priority 5; }'"],
];
const RULE = "nft add table ip nat; nft add chain ip nat MINE; nft add chain ip nat OTHER; nft add rule ip nat";
const WRITERS: [who: Group, line: string, told: string[], permitted: number][] = [
  ["permitted", `${RULE} OTHER drop`, [], 1],
  ["permitted", "iptables-legacy -A FORWARD -s 192.0.2.2 -j DROP", ["Permitted Permitted"], 1],
  ["scoped", `${RULE} MINE drop`, [], 1],
  ["scoped", `${RULE} OTHER drop`, ["Audited Scope"], 0],
  ["stranger", `${RULE} MINE drop`, ["Audited UnknownWriter"], 0],
];

describe("where the kernel lets nobody refuse", () => {
  let audited: AuditedNamespace;
  before(() => void (audited = new AuditedNamespace()));
  after(() => audited.end());

  it("the guard tells, as its own trial has shown", async () => {
    const { rung, mode, trial, fault } = await audited.observe();
    assert.deepEqual([rung, mode, trial?.outcome, fault], ["Audit", "Audit", "Passed", undefined], trial?.message);
    assert.match(trial?.message ?? "", /nf_tables, the older tables/);
  });

  for (const [what, line, told] of ATTEMPTS)
    it(`${what} is told with its process, cgroup, place and rule`, async () => {
      audited.write(line);
      const attempts = await audited.attempts();
      assert.equal(attempts.length, told.length, JSON.stringify(attempts));
      for (const [index, expected] of told.entries())
        assert.partialDeepStrictEqual(attempts[index], {
          ...expected,
          verdict: "Audited",
          why: "UnknownWriter",
          cgroupName: "stranger",
          parentCommand: "sh",
        });
    });

  describe("no way around it that is a system call", () => {
    const folder = mkdtempSync(path.join(tmpdir(), "evade-"));
    const evade = path.join(folder, "evade");
    before(() => buildEvade(evade));
    after(() => rmSync(folder, { recursive: true }));

    for (const [way, told] of WAYS)
      it(`${way} is ${told ? "told" : "nobody's news"}`, async () => {
        audited.write(`${evade} ${way}; true`);
        const attempts = (await audited.attempts()).map(
          ({ command, parentCommand, cgroupName, text: { family, table, chain, rule } }) =>
            `${command} of ${parentCommand} in ${cgroupName}: ${family} ${table} ${chain} ${rule}`,
        );
        assert.equal(attempts.length, told ? 1 : 0, attempts.join("\n"));
        if (told) assert.match(attempts.join(), told);
      });
  });

  for (const [what, line] of QUIET)
    it(`${what} is nobody's news`, async () => {
      audited.write(line);
      const told = (await audited.attempts()).filter(({ kind }) => kind === "Nftables");
      assert.deepEqual(told, []);
    });

  it("another namespace is its own business", async () => {
    for (const [, line] of ATTEMPTS) audited.write(line, { other: true });
    assert.deepEqual(await audited.attempts(), []);
  });

  for (const [who, line, told, permitted] of WRITERS)
    it(`from ${who}: ${line}`, async () => {
      const total = async (): Promise<number> =>
        Object.values((await audited.observe()).counters?.attempts ?? {}).reduce((sum, row) => sum + row.Permitted, 0);
      const earlier = await total();
      audited.write(line, { group: who });
      const attempts = await audited.attempts();
      assert.deepEqual(
        attempts.map(({ verdict, why }) => `${verdict} ${why}`),
        told,
      );
      assert.equal((await total()) - earlier, permitted);
    });

  it("what is written is counted exactly, also what is not told", async () => {
    const written = async (): Promise<[number, number]> => {
      const { counters } = await audited.observe();
      return [counters?.attempts.Nftables.Audited ?? 0, counters?.lost ?? 0];
    };
    const [writtenBefore, lostBefore] = await written();
    audited.write(
      `{ echo 'add table ip many; add chain ip many c'; for n in $(seq 1000); do echo "add rule ip many c tcp dport $n drop"; done; } | nft -f -`,
    );
    const told = await audited.attempts();
    const [writtenAfter, lostAfter] = await written();
    // and one of the mark
    assert.deepEqual([told.length, writtenAfter - writtenBefore, lostAfter - lostBefore], [100, 1001, 900]);
  });

  it("notices that were lost are counted, lay nothing to others, and those behind them are told", async () => {
    const { counters } = await audited.observe();
    const rules = `for n in $(seq 30000); do echo "add rule ip flood c ip saddr 192.0.2.1 tcp dport 7 counter drop"; done`;
    audited.whilePaused(() => {
      audited.write(`{ echo 'add table ip flood; add chain ip flood c'; ${rules}; } | nft -f -`);
      audited.write("nft add rule ip flood c accept");
    });
    await audited.lostNotices(counters?.unreadable ?? 0);
    audited.write("nft add rule ip flood c ip saddr 192.0.2.9 drop");
    const told = await audited.attempts();
    assert.deepEqual(
      told.map(({ text }) => text.rule),
      ["ip saddr 192.0.2.9 drop"],
    );
  });

  it("nothing of it outlives its process", async () => {
    assert.equal(await audited.killed(), true);
  });
});
