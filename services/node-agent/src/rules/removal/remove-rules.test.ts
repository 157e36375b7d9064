import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RuleRemoval } from "@hostrouting/domain";
import { defaultAllowList, judgeScan, loadAllowList, type Dump } from "@hostrouting/netfilter";
import type { ToolAnswer } from "../run-tool.ts";
import { removeRules } from "./remove-rules.ts";

const allowList = loadAllowList(defaultAllowList);
const save = (source: "iptables-nft-save" | "iptables-legacy-save", ...rules: string[]): Dump => {
  return { source, text: ["*filter", ":FORWARD ACCEPT [0:0]", ...rules, "COMMIT", ""].join("\n") };
};
const drop = (n: number): string => `-A FORWARD -s 192.0.2.${n}/32 -j DROP`;
const digestOf = (...dumps: Dump[]): string => judgeScan(dumps, allowList).digest;

type World = { before: Dump[]; after?: Dump[]; answer?: (command: string) => ToolAnswer; digest?: string; msLeft?: number[] };

/** Removes from a node whose rules and tools are the test's; answers the result and every command. */
async function removal({ before, after = before, answer = () => ({ text: "" }), digest, msLeft = [1] }: World) {
  const commands: string[] = [];
  let reads = 0;
  const result: RuleRemoval = await removeRules(digest ?? digestOf(...before), {
    read: async () => (reads++ === 0 ? before : after),
    run: async (command) => {
      commands.push(command.join(" "));
      return answer(command.join(" "));
    },
    allowList,
    msLeft: () => (msLeft.length > 1 ? msLeft.shift() : msLeft[0]) ?? 0,
  });
  return { result, commands };
}

describe("removing the rules of a scan", () => {
  it("runs the command of each, takes the older backend's lock, and scans again", async () => {
    const before = [save("iptables-nft-save", drop(1)), save("iptables-legacy-save", drop(2))];
    const { result, commands } = await removal({ before, after: [save("iptables-nft-save")] });
    assert.deepEqual(commands, [
      "iptables-nft -t filter -D FORWARD -s 192.0.2.1/32 -j DROP",
      "iptables-legacy -w 5 -t filter -D FORWARD -s 192.0.2.2/32 -j DROP",
    ]);
    assert.deepEqual(result, {
      outcome: "Done",
      rules: [1, 2].map((n) => ({ rule: `ip filter FORWARD: ${drop(n)}`, outcome: "Removed", why: "" })),
      now: { state: "Clean", digest: digestOf(save("iptables-nft-save")) },
    });
  });

  it("removes all, also what a report has no room for", async () => {
    const before = [save("iptables-nft-save", ...Array.from({ length: 80 }, (_, n) => drop(n)))];
    assert.equal((await removal({ before })).commands.length, 80);
  });

  it("touches nothing when the rules are others by now", async () => {
    const before = [save("iptables-nft-save", drop(1), drop(2))];
    const { result, commands } = await removal({ before, digest: digestOf(save("iptables-nft-save", drop(1))) });
    assert.deepEqual(commands, []);
    assert.deepEqual(result, { outcome: "Refused", now: { state: "Dirty", digest: digestOf(...before) } });
  });

  it("touches nothing that is not among the findings", async () => {
    const before = [save("iptables-nft-save", "-A FORWARD -s 192.0.2.9/32 -j ACCEPT", drop(1))];
    assert.deepEqual((await removal({ before })).commands, ["iptables-nft -t filter -D FORWARD -s 192.0.2.1/32 -j DROP"]);
  });

  it("goes on behind one that fails or has no command, and says why", async () => {
    const lost = `-A FORWARD -m comment --comment "\uFFFD\u001b[2J" -j DROP`;
    const before = [save("iptables-nft-save", lost, drop(1), drop(2))];
    const answer = (command: string): ToolAnswer => (command.includes("192.0.2.1/") ? { failed: "Bad rule\u001b[2J" } : { text: "" });
    const { result } = await removal({ before, answer });
    assert.ok(result.outcome === "Done");
    assert.deepEqual(
      result.rules.map(({ outcome, why }) => [outcome, why]),
      [
        ["NoCommand", "no command can be written safely: it has to be removed by hand"],
        ["Failed", "Bad rule\\u{1b}[2J"],
        ["Removed", ""],
      ],
    );
    assert.equal(result.rules[0]?.rule, `ip filter FORWARD: -A FORWARD -m comment --comment "\uFFFD\\u{1b}[2J" -j DROP`);
  });

  it("removes what no terminal may see, since none does", async () => {
    const before = [save("iptables-nft-save", `-A FORWARD -m comment --comment "\u001b[2J\u202e" -j DROP`)];
    const { commands } = await removal({ before, after: [save("iptables-nft-save")] });
    assert.deepEqual(commands, ["iptables-nft -t filter -D FORWARD -m comment --comment \u001b[2J\u202e -j DROP"]);
  });

  it("begins nothing when its time is over", async () => {
    const { result, commands } = await removal({ before: [save("iptables-nft-save", drop(1), drop(2))], msLeft: [1, 0] });
    assert.equal(commands.length, 1);
    assert.ok(result.outcome === "Done");
    assert.deepEqual(
      result.rules.map(({ outcome }) => outcome),
      ["Removed", "OutOfTime"],
    );
  });
});
