import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { as, type Instant } from "@hostrouting/domain";
import type { PolicyNews } from "@hostrouting/policy";
import {
  afterTry,
  decidePolicyEvents,
  EVENT_REST_MS,
  forgetOld,
  NOTHING_TOLD,
  type PolicyTeller,
  type ToldPolicy,
} from "./decide-policy-events.ts";
import { POLICY_EVENT_CATALOGUE } from "./policy-event-catalogue.ts";

const START = Date.parse("2026-11-28T08:00:00.000Z");
const at = (ms: number): Instant => as<Instant>(START + ms);
const teller = (ms: number): PolicyTeller => ({ name: "block-azure-destinations", uid: "u", instance: "worker-1", now: at(ms) });
const drifted = (key: string, count = 1, lastMs = 0): PolicyNews => {
  return { reason: "PolicyDrifted", key, note: `changed by ${key}.`, count, firstAt: at(0), lastAt: at(lastMs) };
};
const reapplied = (key: string): PolicyNews => ({ ...drifted(key), reason: "PolicyReapplied" });

/** Rounds one after the other: when, what there is to tell, whether writing succeeds, and the writings that are expected. */
type Step = { ms: number; news: readonly PolicyNews[]; fails?: boolean; expect: readonly string[] };

function play(steps: readonly Step[]): ToldPolicy {
  return steps.reduce((told, { ms, news, fails = false, expect }) => {
    const events = decidePolicyEvents(news, told, teller(ms));
    assert.deepEqual(
      events.map(({ reason, note, series }) => `${reason} ${/by (\w+)/.exec(note)?.[1]} ×${series?.count ?? 1}`),
      expect,
      `at ${ms}`,
    );
    return events.reduce((after, event) => afterTry(after, event, { isWritten: !fails, now: at(ms) }), told);
  }, NOTHING_TOLD);
}

describe("Events about the policy", () => {
  it("are what events.k8s.io/v1 takes", () => {
    const [event] = decidePolicyEvents([drifted("flux", 2, 5)], NOTHING_TOLD, teller(5));
    assert.match(event?.metadata.name ?? "", /^block-azure-destinations\.[0-9a-f]{12}\.[0-9a-z]+$/);
    assert.deepEqual(event && { ...event, metadata: { ...event.metadata, name: "" } }, {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { name: "", namespace: "default" },
      eventTime: "2026-11-28T08:00:00.005000Z",
      type: "Warning",
      reason: "PolicyDrifted",
      action: "WatchPolicy",
      note: `changed by flux. ${POLICY_EVENT_CATALOGUE.PolicyDrifted.impact} ${POLICY_EVENT_CATALOGUE.PolicyDrifted.remedy}`,
      regarding: { apiVersion: "cilium.io/v2", kind: "CiliumClusterwideNetworkPolicy", name: "block-azure-destinations", uid: "u" },
      reportingController: "hostrouting.acns.azure.com/worker",
      reportingInstance: "worker-1",
      series: { count: 2, lastObservedTime: "2026-11-28T08:00:00.005000Z" },
    });
  });

  it("of one writer are one series, written once a minute", () => {
    play([
      { ms: 0, news: [drifted("flux")], expect: ["PolicyDrifted flux ×1"] },
      { ms: 1, news: [drifted("flux", 2), reapplied("flux")], expect: ["PolicyReapplied flux ×1"] },
      { ms: EVENT_REST_MS - 1, news: [drifted("flux", 9)], expect: [] },
      { ms: EVENT_REST_MS, news: [drifted("flux", 10)], expect: ["PolicyDrifted flux ×10"] },
      { ms: 2 * EVENT_REST_MS, news: [drifted("flux", 10)], expect: [] },
    ]);
  });

  it("of many writers come one in a minute, the longest waiting first", () => {
    const news = [drifted("b", 1, 2), drifted("a", 1, 1)];
    play([
      { ms: 2, news, expect: ["PolicyDrifted a ×1"] },
      { ms: 3, news, expect: [] },
      { ms: 2 + EVENT_REST_MS, news, expect: ["PolicyDrifted b ×1"] },
    ]);
  });

  it("that could not be written are tried again a minute later, by the same name", () => {
    play([
      { ms: 0, news: [drifted("flux")], fails: true, expect: ["PolicyDrifted flux ×1"] },
      { ms: 1, news: [drifted("flux")], expect: [] },
      { ms: EVENT_REST_MS, news: [drifted("flux")], expect: ["PolicyDrifted flux ×1"] },
    ]);
    const names = [0, EVENT_REST_MS].map((ms) => decidePolicyEvents([drifted("flux")], NOTHING_TOLD, teller(ms))[0]?.metadata.name);
    assert.equal(names[0], names[1], "another worker, or the next try, writes the same Event");
  });

  it("of which there is no news any more are forgotten", () => {
    const told = play([{ ms: 0, news: [drifted("flux")], expect: ["PolicyDrifted flux ×1"] }]);
    assert.equal(forgetOld(told, [drifted("flux")], teller(0)).counts.size, 1);
    assert.equal(forgetOld(told, [], teller(0)).counts.size, 0);
  });
});

it("every reason of the worker's Events is explained in docs/events.md, and nothing else is", () => {
  const [, text = ""] = readFileSync(new URL("../../../../docs/events.md", import.meta.url), "utf8").split(
    "\n## Written by the rollout worker\n",
  );
  const rows = [...text.matchAll(/^\| `(\w+)` +\| (\w+) +\|/gm)].map(([, reason, type]) => [reason, type]);
  assert.deepEqual(
    rows,
    Object.entries(POLICY_EVENT_CATALOGUE).map(([reason, { type }]) => [reason, type]),
  );
});
