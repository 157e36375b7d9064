import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { as, type HostRoutingWarning, type Instant, type ManagedPolicyStatus, type NodeNews, type NodeRollout } from "@hostrouting/domain";
import { WARNING_CATALOGUE, type WarningCode } from "@hostrouting/rollout";
import { recordedNews } from "./recorded-news.ts";

const MINUTE_MS = 60_000;
const at = (minutes: number): Instant => as<Instant>(minutes * MINUTE_MS);
const news = (key: string, minutes: number): NodeNews => {
  return { reason: "DrainBlocked", key, note: "Kept.", count: 2, firstAt: at(0), lastAt: at(minutes) };
};
const node = (name: string, told?: readonly NodeNews[]): NodeRollout =>
  ({ node: name, uid: `${name}-uid`, ...(told && { news: told }) }) as NodeRollout;
const drift = [{ path: "", desired: "1", observed: undefined, manager: "flux", firstSeen: at(99), correctedAt: undefined }];
const catalogued = (id: WarningCode, subjects: readonly string[]): HostRoutingWarning => {
  return { id, ...WARNING_CATALOGUE[id], message: "seen", subjects };
};
const policy: ManagedPolicyStatus = { name: "p", mode: "Correct", state: "Drifted", message: "", wasThere: true, drift };

describe("what a worker has to tell of what is recorded", () => {
  const cases: [what: string, recorded: Parameters<typeof recordedNews>[0], expected: readonly string[]][] = [
    ["nothing", { policy: undefined, policyUid: undefined, nodes: [node("n1")], warnings: [] }, []],
    [
      "what became of the policy",
      { policy, policyUid: "u", nodes: [], warnings: [] },
      ["PolicyDrifted CiliumClusterwideNetworkPolicy p u flux"],
    ],
    [
      "also of one that was deleted",
      { policy, policyUid: undefined, nodes: [], warnings: [] },
      ["PolicyDrifted CiliumClusterwideNetworkPolicy p  flux"],
    ],
    [
      "what became of nodes within ten minutes",
      {
        policy: undefined,
        policyUid: undefined,
        nodes: [node("n1", [news("old", 90), news("new", 91)]), node("n2", [news("k", 100)])],
        warnings: [],
      },
      ["DrainBlocked Node n1 n1-uid new", "DrainBlocked Node n2 n2-uid k"],
    ],
    [
      "warnings of the catalogue, once they have lasted, within ten minutes",
      {
        policy: undefined,
        policyUid: undefined,
        nodes: [node("n1"), node("n2")],
        warnings: [
          { id: "PF-058", title: "", message: "", remedy: "", subjects: ["n1"] },
          { ...catalogued("connection-disruption", ["n1"]), firstSeen: at(91) },
          { ...catalogued("rules-passed-by", ["n1", "n2"]), firstSeen: at(99) },
          { ...catalogued("rules-unknown", ["n2"]), firstSeen: at(90) },
          { ...catalogued("default-rules-missing", ["n2"]), firstSeen: at(90) },
        ],
      },
      ["ConnectionDisruption Node n1 n1-uid ", "RulesPassedBy HostRoutingConfig default  ", "RulesUnknown HostRoutingConfig default  "],
    ],
  ];
  for (const [what, recorded, expected] of cases)
    it(what, () =>
      assert.deepEqual(
        recordedNews(recorded, at(100)).map(
          ({ reason, regarding, key }) => `${reason} ${regarding.kind} ${regarding.name} ${regarding.uid ?? ""} ${key}`,
        ),
        expected,
      ),
    );
});
