import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { judgeProbes, resultsAged, type Tried } from "./judge-probes.ts";
import type { Attempt } from "./probe-attempt.ts";
import type { ProbeTarget } from "./probe-target.ts";

const denied: ProbeTarget = { name: "wireserver-80", address: "168.63.129.16", port: 80, by: "Tcp", expected: "Denied" };
const names: ProbeTarget = { name: "wireserver-dns", address: "168.63.129.16", port: 53, by: "Dns", expected: "Reached" };
const control: ProbeTarget = { name: "control", address: "fd00::1", port: 443, by: "Tcp", expected: "Reached" };
const answered: Attempt = { kind: "Answered", ms: 1.2 };
const silent: Attempt = { kind: "NoAnswer", ms: 500.4 };
const rejected = (code: string): Attempt => ({ kind: "Rejected", code });

describe("what probes prove", () => {
  const cases: [what: string, attempts: [Attempt, Attempt, Attempt], outcomes: string[], told: RegExp][] = [
    ["all as it should be", [silent, answered, answered], ["Passed", "Passed", "Passed"], /No answer from 168\.63\.129\.16 TCP 80/],
    [
      "a denied service answers",
      [answered, answered, answered],
      ["Failed", "Passed", "Passed"],
      /which a policy denies: connected in 2 ms/,
    ],
    ["also where nobody else does", [answered, silent, silent], ["Failed", "Failed", "Failed"], /A pod reaches/],
    ["silence, and nobody else answers either", [silent, silent, silent], ["Unknown", "Failed", "Failed"], /nor from anybody else/],
    [
      "silence while others answered only what was sent again",
      [silent, { kind: "Answered", ms: 1_004 }, { kind: "Answered", ms: 1_030 }],
      ["Unknown", "Passed", "Passed"],
      /nor from anybody else in that time/,
    ],
    [
      "silence also to what was sent again",
      [
        { kind: "NoAnswer", ms: 1_500 },
        { kind: "Answered", ms: 1_004 },
        { kind: "Answered", ms: 1_030 },
      ],
      ["Passed", "Passed", "Passed"],
      /No answer from 168/,
    ],
    ["one that must be reached is not", [silent, silent, answered], ["Passed", "Failed", "Passed"], /no answer in 500 ms/],
    ["a refusal", [rejected("ECONNREFUSED"), answered, answered], ["Unknown", "Passed", "Passed"], /by a rule, or because nobody listens/],
    ["no way there", [rejected("EHOSTUNREACH"), answered, answered], ["Passed", "Passed", "Passed"], /EHOSTUNREACH/],
    [
      "no way to whom must be reached",
      [silent, answered, rejected("ENETUNREACH")],
      ["Passed", "Passed", "Failed"],
      /\[fd00::1\] TCP 443: ENETUNREACH/,
    ],
  ];
  for (const [what, attempts, outcomes, told] of cases)
    it(what, () => {
      const tried = [denied, names, control].map((target, index): Tried => ({ target, attempt: attempts[index] ?? silent }));
      const results = judgeProbes(tried);
      assert.deepEqual(
        results.map(({ outcome }) => outcome),
        outcomes,
      );
      assert.deepEqual(
        results.map(({ isReached = false }) => isReached),
        [attempts[0].kind === "Answered", false, false],
      );
      assert.match(results.map(({ message }) => message).join("\n"), told);
    });
});

describe("what probes found earlier", () => {
  const [passed, failed] = [
    { name: "a", outcome: "Passed", message: "No answer." },
    { name: "b", outcome: "Failed", message: "Reached." },
  ] as const;
  const cases: [ageMs: number, expected: string[]][] = [
    [0, ["Passed No answer.", "Failed Reached."]],
    [149_999, ["Passed No answer.", "Failed Reached."]],
    [150_000, ["Unknown Not tried for 150 s.", "Failed Reached."]],
  ];
  for (const [ageMs, expected] of cases)
    it(`${ageMs} ms ago`, () => {
      assert.deepEqual(
        resultsAged([passed, failed], ageMs).map(({ outcome, message }) => `${outcome} ${message}`),
        expected,
      );
    });
});
