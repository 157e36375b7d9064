import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { as, type Instant, type ManagedPolicyStatus, type PolicyDrift } from "@hostrouting/domain";
import { policyNews } from "./policy-news.ts";

const MINUTE_MS = 60_000;

type By = { readonly manager?: string; readonly path?: string };

/** Times in minutes; a manager without a name: the object names none. */
function drift(firstSeen: number, correctedAt?: number, { manager = "flux", path = "/spec/egressDeny" }: By = {}): PolicyDrift {
  const at = (minutes: number): Instant => as<Instant>(minutes * MINUTE_MS);
  const ended = correctedAt === undefined ? undefined : at(correctedAt);
  return { path, desired: "1", observed: "2", manager: manager === "" ? undefined : manager, firstSeen: at(firstSeen), correctedAt: ended };
}

function news(list: readonly PolicyDrift[], nowMinutes: number, changes: Partial<ManagedPolicyStatus> = {}): readonly string[] {
  const status = { name: "p", mode: "Correct", state: "InSync", message: "", wasThere: true, drift: list, ...changes } as const;
  return policyNews(status, as<Instant>(nowMinutes * MINUTE_MS)).map(
    ({ reason, key, count, firstAt, lastAt }) => `${reason} ${key} ×${count} ${firstAt / MINUTE_MS}–${lastAt / MINUTE_MS}`,
  );
}

describe("what is told of a managed policy", () => {
  const cases: [what: string, drift: readonly PolicyDrift[], nowMinutes: number, expected: readonly string[]][] = [
    ["nothing without a change", [], 0, []],
    ["a change", [drift(1)], 1, ["PolicyDrifted flux ×1 1–1"]],
    ["a change that was put right", [drift(1, 2)], 2, ["PolicyDrifted flux ×1 1–1", "PolicyReapplied flux ×1 2–2"]],
    ["differences of one look are one", [drift(1), drift(1, undefined, { path: "/spec/nodeSelector" })], 1, ["PolicyDrifted flux ×1 1–1"]],
    [
      "the same writer again and again is one series",
      [drift(5), drift(3, 4), drift(1, 2)],
      5,
      ["PolicyDrifted flux ×3 1–5", "PolicyReapplied flux ×2 2–4"],
    ],
    [
      "another writer is another",
      [drift(3, undefined, { manager: "argocd" }), drift(1)],
      3,
      ["PolicyDrifted flux ×1 1–1", "PolicyDrifted argocd ×1 3–3"],
    ],
    ["nobody that the object names", [drift(1, undefined, { manager: "", path: "" })], 1, ["PolicyDrifted  ×1 1–1"]],
    ["after a long rest it is new", [drift(46), drift(1, 1.5)], 46, ["PolicyDrifted flux ×1 46–46"]],
    ["what one difference left to the next is not right", [drift(2), drift(1, 2)], 2, ["PolicyDrifted flux ×2 1–2"]],
    ["what is old is history", [drift(1, 2)], 12, []],
  ];
  for (const [what, list, nowMinutes, expected] of cases) it(what, () => assert.deepEqual(news(list, nowMinutes), expected));

  it("in mode Warn nothing was put right by us, and nothing is told of what is not managed", () => {
    assert.deepEqual(news([drift(1, 2)], 2, { mode: "Warn" }), ["PolicyDrifted flux ×1 1–1"]);
    assert.deepEqual(news([drift(1, 2)], 2, { state: "NotManaged" }), []);
  });

  it("a note says what was changed and by whom", () => {
    const status = { name: "p", mode: "Correct", state: "Drifted", message: "", wasThere: true } as const;
    const list = [
      drift(1),
      drift(1, undefined, { manager: "", path: "" }),
      drift(1, undefined, { manager: "x", path: `/${"a".repeat(300)}` }),
    ];
    const [first] = policyNews({ ...status, drift: list }, as<Instant>(MINUTE_MS));
    assert.equal(
      first?.note,
      `Network policy p is not as it should be: changed was /spec/egressDeny by flux, the whole policy by nobody that the object names, /${"a".repeat(79)}… by x.`,
    );
  });
});
