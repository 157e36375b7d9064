import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { as, type Instant, type ManagedPolicyStatus, type NodeNews, type NodeRollout } from "@hostrouting/domain";
import { recordedNews } from "./recorded-news.ts";

const MINUTE_MS = 60_000;
const at = (minutes: number): Instant => as<Instant>(minutes * MINUTE_MS);
const news = (key: string, minutes: number): NodeNews => {
  return { reason: "DrainBlocked", key, note: "Kept.", count: 2, firstAt: at(0), lastAt: at(minutes) };
};
const node = (name: string, told?: readonly NodeNews[]): NodeRollout =>
  ({ node: name, uid: `${name}-uid`, ...(told && { news: told }) }) as NodeRollout;
const drift = [{ path: "", desired: "1", observed: undefined, manager: "flux", firstSeen: at(99), correctedAt: undefined }];
const policy: ManagedPolicyStatus = { name: "p", mode: "Correct", state: "Drifted", message: "", wasThere: true, drift };

describe("what a worker has to tell of what is recorded", () => {
  const cases: [what: string, recorded: Parameters<typeof recordedNews>[0], expected: readonly string[]][] = [
    ["nothing", { policy: undefined, policyUid: undefined, nodes: [node("n1")] }, []],
    ["what became of the policy", { policy, policyUid: "u", nodes: [] }, ["PolicyDrifted CiliumClusterwideNetworkPolicy p u flux"]],
    ["also of one that was deleted", { policy, policyUid: undefined, nodes: [] }, ["PolicyDrifted CiliumClusterwideNetworkPolicy p  flux"]],
    [
      "what became of nodes within ten minutes",
      { policy: undefined, policyUid: undefined, nodes: [node("n1", [news("old", 90), news("new", 91)]), node("n2", [news("k", 100)])] },
      ["DrainBlocked Node n1 n1-uid new", "DrainBlocked Node n2 n2-uid k"],
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
