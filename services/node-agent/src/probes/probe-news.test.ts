import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ProbeResult } from "./judge-probes.ts";
import { probeTellings, withRun, type ProbeNews } from "./probe-news.ts";

const node = { kind: "Node", name: "n1", uid: "u" } as const;
const passed: ProbeResult = { name: "a", outcome: "Passed", message: "No answer." };
const reached: ProbeResult = { name: "b", outcome: "Failed", message: "A pod reaches it.", isReached: true };
const unreached: ProbeResult = { name: "c", outcome: "Failed", message: "A pod does not reach it." };
const MINUTE_MS = 60_000;

/** What is told in minute `at` after runs, one a minute. */
function told(runs: readonly ProbeResult[][], at: number): string[] {
  const news = runs.reduce<ProbeNews | undefined>((before, results, minute) => withRun(before, results, minute * MINUTE_MS), undefined);
  return probeTellings(news, node, at * MINUTE_MS).map(({ reason, note, count }) => `${reason} ×${count}: ${note}`);
}

describe("news of probes", () => {
  const cases: [what: string, runs: ProbeResult[][], at: number, told: string[]][] = [
    ["nothing while all is denied", [[passed]], 1, []],
    ["what pods reach, as often as it was found", [[passed], [reached, passed], [reached]], 3, ["PolicyNotEnforced ×2: A pod reaches it."]],
    ["nothing of what they do not reach", [[unreached]], 1, []],
    ["still, for ten minutes after the last time", [[reached], [passed]], 9, ["PolicyNotEnforced ×1: A pod reaches it."]],
    ["and then no more", [[reached], [passed]], 10, []],
  ];
  for (const [what, runs, at, expected] of cases) it(what, () => assert.deepEqual(told(runs, at), expected));
});
