import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defaultAllowList, judgeScan, loadAllowList, type Dump } from "@hostrouting/netfilter";
import { allPreconditions, rulesPrecondition } from "./rules-precondition.ts";

const allowList = loadAllowList(defaultAllowList);
const judge = (...dumps: Dump[]) => rulesPrecondition(judgeScan(dumps, allowList));
const save = (...lines: string[]): Dump => ({
  source: "iptables-nft-save",
  text: ["*filter", ":FORWARD ACCEPT [0:0]", ...lines, "COMMIT", ""].join("\n"),
});
const drop = (n: number): string => `-A FORWARD -s 192.0.2.${n}/32 -j DROP`;

describe("what rules say about a node", () => {
  it("passes without any", () => assert.deepEqual(judge(save()), { name: "UnexpectedRules", outcome: "Passed", message: "" }));

  it("names a rule that would be passed by, and the command that removes it", () => {
    const { outcome, message } = judge(save(drop(1)));
    assert.equal(outcome, "Failed");
    assert.match(message, /ip filter FORWARD: -A FORWARD -s 192\.0\.2\.1\/32 -j DROP/);
    assert.match(message, /to remove: iptables-nft .*-D FORWARD -s 192\.0\.2\.1\/32 -j DROP/);
  });

  it("names three and counts the rest", () => {
    const { message } = judge(save(...[1, 2, 3, 4, 5].map(drop)));
    assert.equal(message.match(/to remove/g)?.length, 3);
    assert.match(message, /And 2 more\.$/);
  });

  it("names fewer where the status would not take them, and gives no command in part", () => {
    const long = (n: number): string => `-A FORWARD -s 192.0.2.${n}/32 -m comment --comment "${"x".repeat(250)}" -j DROP`;
    const longest = `-A FORWARD -m comment --comment "${"y".repeat(250)}" -m string --string "${"z".repeat(120)}" --algo bm -j DROP`;
    for (const lines of [[1, 2, 3, 4].map(long), [longest], Array.from({ length: 200 }, () => longest)]) {
      const { message } = judge(save(...lines));
      assert.ok(message.length <= 1024, `${message.length}`);
      const commands = message.split("to remove: ").slice(1);
      for (const command of commands) assert.match(command, /-j DROP\./);
      const more = Number(/And (\d+) more\.$/.exec(message)?.[1] ?? 0);
      assert.equal((message.match(/ip filter FORWARD: /g) ?? []).length + more, lines.length);
    }
    assert.ok(judge({ source: "nft-json", failed: "w".repeat(5000) }).message.length <= 1024);
  });

  it("shows what a terminal would obey, and offers no command with it", () => {
    const { message } = judge(save(`-A FORWARD -m comment --comment "\u001b[2J\u202e" -j DROP`));
    assert.match(message, /--comment "\\u\{1b\}\[2J\\u\{202e\}" -j DROP/);
    assert.doesNotMatch(message, /[\p{Cc}\p{Cf}]|to remove/u);
  });

  it("knows nothing where a dump is missing or cannot be read", () => {
    assert.equal(judge({ source: "nft-json", failed: "spawn nft ENOENT" }).outcome, "Unknown");
    assert.match(judge({ source: "nft-json", failed: "spawn nft ENOENT" }).message, /nft-json, the tool: spawn nft ENOENT\./);
    assert.equal(judge({ source: "iptables-nft-save", text: "*filter\nnonsense\n" }).outcome, "Unknown");
  });

  it("is told together with the rest, once both have looked", () => {
    const scanned = judge(save());
    const looked = [{ name: "LoosePickup", outcome: "Passed", message: "" }] as const;
    assert.deepEqual(allPreconditions(undefined, scanned), {});
    assert.deepEqual(allPreconditions(looked, undefined), {});
    assert.deepEqual(
      allPreconditions(looked, scanned).preconditions?.map(({ name }) => name),
      ["LoosePickup", "UnexpectedRules"],
    );
  });
});
