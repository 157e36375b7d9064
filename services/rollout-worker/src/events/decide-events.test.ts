import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { as, type Instant } from "@hostrouting/domain";
import type { EventRegarding } from "@hostrouting/events";
import {
  afterTry,
  decideEvents,
  EVENT_REST_MS,
  EVENTS_PER_ROUND_MAX,
  forgetOld,
  NOTHING_TOLD,
  type News,
  type ToldNews,
} from "./decide-events.ts";
import { WORKER_EVENT_CATALOGUE } from "./event-catalogue.ts";

const START = Date.parse("2026-11-28T08:00:00.000Z");
const at = (ms: number): Instant => as<Instant>(START + ms);
const teller = (ms: number) => ({ instance: "worker-1", now: at(ms) });
const policy: EventRegarding = {
  apiVersion: "cilium.io/v2",
  kind: "CiliumClusterwideNetworkPolicy",
  name: "block-azure-destinations",
  uid: "u",
};
const drifted = (key: string, count = 1, lastMs = 0): News => {
  return { reason: "PolicyDrifted", regarding: policy, key, note: `changed by ${key}.`, count, firstAt: at(0), lastAt: at(lastMs) };
};
const reapplied = (key: string): News => ({ ...drifted(key), reason: "PolicyReapplied" });
const blocked = (node: string, key = "budget"): News => ({
  ...drifted(key),
  reason: "DrainBlocked",
  regarding: { apiVersion: "v1", kind: "Node", name: node, uid: `${node}-uid` },
  note: `Kept by ${node}.`,
});

/** Rounds one after the other: when, what there is to tell, whether writing succeeds, and the writings that are expected. */
type Step = { ms: number; news: readonly News[]; fails?: boolean; expect: readonly string[] };

function play(steps: readonly Step[]): ToldNews {
  return steps.reduce((told, { ms, news, fails = false, expect }) => {
    const events = decideEvents(news, told, teller(ms));
    assert.deepEqual(
      events.map(({ reason, note, series }) => `${reason} ${/by (\S+?)\./.exec(note)?.[1]} ×${series?.count ?? 1}`),
      expect,
      `at ${ms}`,
    );
    return events.reduce((after, event) => afterTry(after, event, { isWritten: !fails, now: at(ms) }), told);
  }, NOTHING_TOLD);
}

describe("Events of the worker", () => {
  it("are what events.k8s.io/v1 takes", () => {
    const [event] = decideEvents([drifted("flux", 2, 5)], NOTHING_TOLD, teller(5));
    assert.match(event?.metadata.name ?? "", /^block-azure-destinations\.[0-9a-f]{12}\.[0-9a-z]+$/);
    assert.deepEqual(event && { ...event, metadata: { ...event.metadata, name: "" } }, {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { name: "", namespace: "default" },
      eventTime: "2026-11-28T08:00:00.005000Z",
      type: "Warning",
      reason: "PolicyDrifted",
      action: "WatchPolicy",
      note: `changed by flux. ${WORKER_EVENT_CATALOGUE.PolicyDrifted.impact} ${WORKER_EVENT_CATALOGUE.PolicyDrifted.remedy}`,
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

  it("about nodes come one in a minute for each node, and twenty in a round", () => {
    play([
      { ms: 0, news: [blocked("n1"), blocked("n2"), blocked("n1", "given up")], expect: ["DrainBlocked n1 ×1", "DrainBlocked n2 ×1"] },
      { ms: EVENT_REST_MS, news: [blocked("n1"), blocked("n2"), blocked("n1", "given up")], expect: ["DrainBlocked n1 ×1"] },
    ]);
    const many = Array.from({ length: 50 }, (_, n) => blocked(`n${n}`));
    assert.equal(decideEvents(many, NOTHING_TOLD, teller(0)).length, EVENTS_PER_ROUND_MAX);
  });

  it("that could not be written are tried again a minute later, by the same name", () => {
    play([
      { ms: 0, news: [drifted("flux")], fails: true, expect: ["PolicyDrifted flux ×1"] },
      { ms: 1, news: [drifted("flux")], expect: [] },
      { ms: EVENT_REST_MS, news: [drifted("flux")], expect: ["PolicyDrifted flux ×1"] },
    ]);
    const names = [0, EVENT_REST_MS].map((ms) => decideEvents([drifted("flux")], NOTHING_TOLD, teller(ms))[0]?.metadata.name);
    assert.equal(names[0], names[1], "another worker, or the next try, writes the same Event");
  });

  it("of which there is no news any more are forgotten", () => {
    const told = play([{ ms: 0, news: [drifted("flux")], expect: ["PolicyDrifted flux ×1"] }]);
    assert.equal(forgetOld(told, [drifted("flux")], at(0)).counts.size, 1);
    assert.equal(forgetOld(told, [], at(0)).counts.size, 0);
    assert.deepEqual(
      [0, EVENT_REST_MS].map((ms) => forgetOld(told, [], at(ms)).triedAt.size),
      [1, 0],
    );
  });
});

it("every reason of the worker's Events is explained in docs/events.md, and nothing else is", () => {
  const [, text = ""] = readFileSync(new URL("../../../../docs/events.md", import.meta.url), "utf8").split(
    "\n## Written by the rollout worker\n",
  );
  const rows = [...text.matchAll(/^\| `(\w+)` +\| (\w+) +\|/gm)].map(([, reason, type]) => [reason, type]);
  assert.deepEqual(
    rows,
    Object.entries(WORKER_EVENT_CATALOGUE).map(([reason, { type }]) => [reason, type]),
  );
});
