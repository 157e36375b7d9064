import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defaultAllowList, judgeScan, loadAllowList, type Dump, type ScanVerdict } from "@hostrouting/netfilter";
import { noteRoom } from "../events/telling.ts";
import { ruleTellings, withVerdict, type RuleNews } from "./rule-news.ts";

const allowList = loadAllowList(defaultAllowList);
const node = { kind: "Node", name: "n1", uid: "u" } as const;
const MINUTE_MS = 60_000;

const verdict = (...dumps: Dump[]): ScanVerdict => judgeScan(dumps, allowList);
const save = (lines: string): Dump => ({ source: "iptables-nft-save", text: `*filter\n:FORWARD ACCEPT [0:0]\n${lines}COMMIT\n` });
const CLEAN = verdict(save(""));
const DROP = verdict(save("-A FORWARD -s 192.0.2.1/32 -j DROP\n"));
const OTHER = verdict(save("-A FORWARD -s 192.0.2.2/32 -j DROP\n"));
const UNREAD = verdict({ source: "nft-json", failed: "spawn nft ENOENT" });

/** What is told at `now` after verdicts at their minutes. */
function told(verdicts: readonly [minute: number, verdict: ScanVerdict][], minute: number): string[] {
  const news = verdicts.reduce<readonly RuleNews[]>((before, [at, found]) => withVerdict(before, found, at * MINUTE_MS), []);
  return ruleTellings(news, node, minute * MINUTE_MS).map(({ reason, count }) => `${reason} ×${count}`);
}

describe("news of the rules", () => {
  const rows: [what: string, verdicts: [number, ScanVerdict][], minute: number, told: string[]][] = [
    ["a node that was always clean is none", [[0, CLEAN]], 1, []],
    ["rules that would be passed by", [[0, DROP]], 1, ["UnexpectedIPTablesRules ×1"]],
    ["are told again each half hour that they stay", [[0, DROP]], 95, ["UnexpectedIPTablesRules ×4"]],
    [
      "what cannot be read, and that it is over",
      [
        [0, UNREAD],
        [1, CLEAN],
      ],
      1,
      ["UnreadableIPTablesRules ×1", "RulesClean ×1"],
    ],
    [
      "that it is over is told once, and for ten minutes of what it was",
      [
        [0, DROP],
        [1, CLEAN],
      ],
      100,
      ["RulesClean ×1"],
    ],
    [
      "the same rules again are the same news",
      [
        [0, DROP],
        [1, CLEAN],
        [2, DROP],
        [3, CLEAN],
      ],
      3,
      ["UnexpectedIPTablesRules ×2", "RulesClean ×2"],
    ],
    [
      "other rules are other news",
      [
        [0, DROP],
        [1, OTHER],
      ],
      1,
      ["UnexpectedIPTablesRules ×1", "UnexpectedIPTablesRules ×1"],
    ],
  ];
  for (const [what, verdicts, minute, expected] of rows) it(what, () => assert.deepEqual(told(verdicts, minute), expected));

  it("name the rule and the command that removes it, and stay within an Event's note", () => {
    const [one] = ruleTellings(withVerdict([], DROP, 0), node, 0);
    assert.match(
      one?.note ?? "",
      /^Host routing would pass by these rules: ip filter FORWARD: -A FORWARD -s 192\.0\.2\.1\/32 -j DROP .*to remove: /,
    );
    const long = Array.from({ length: 9 }, (_, n) => `-A FORWARD -m comment --comment "${"ü".repeat(100)}${n}" -j DROP\n`).join("");
    const [cut] = ruleTellings(withVerdict([], verdict(save(long)), 0), node, 0);
    assert.ok(Buffer.byteLength(cut?.note ?? "") <= noteRoom("UnexpectedIPTablesRules"));
    assert.match(cut?.note ?? "", /And \d more\.$/);
  });
});
