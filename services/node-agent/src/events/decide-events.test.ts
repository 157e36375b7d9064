import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decideEvents, SERIES_MS, SERIES_REST_MS, WRITES_FOR_PODS_MAX, WRITES_MAX, WRITES_PER_POD_MAX } from "./decide-events.ts";
import { EVENT_CATALOGUE } from "./event-catalogue.ts";
import { hashOf, type Regarding, type Telling } from "./telling.ts";
import { afterWrite, begunAnew, NOTHING_TOLD, type ToldEvents, type WriteOutcome } from "./told-events.ts";

const node: Regarding = { kind: "Node", name: "aks-user-0", uid: "node-uid" };
const pod = (name: string): Regarding => ({ kind: "Pod", namespace: "shop", name, uid: `${name}-uid` });
const dirty = (key: string, count = 1): Telling => ({
  reason: "UnexpectedIPTablesRules",
  regarding: node,
  key,
  note: `rules ${key}.`,
  count,
});
const clean = (key: string): Telling => ({ reason: "RulesClean", regarding: node, key, note: "Clean.", count: 1 });
const blocked = (name: string, key: string, count = 1): Telling => {
  return { reason: "BlockedIPTablesRule", regarding: pod(name), key, note: `iptables, ${key}.`, count };
};

const SUPPRESSED = hashOf({ reason: "EventsSuppressed", regarding: node, key: "", note: "", count: 0 });
const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, each) => sum + each, 0);

const START = Date.parse("2026-11-28T08:00:00.000Z");
const MINUTE_MS = 60_000;

/** What there is to tell at a time, and how the API server answers; then the calls that are expected, shortly. */
type Step = { at: number; tell: readonly Telling[]; answer?: WriteOutcome; expect: readonly string[] };

/** Plays steps one after the other; every call of a step is answered alike. */
function play(steps: readonly Step[], before = NOTHING_TOLD): ToldEvents {
  return steps.reduce((told, { at, tell, answer = "Written", expect }) => {
    const now = START + at;
    const decided = decideEvents(tell, told, { node, reportingInstance: "agent-x", now });
    assert.deepEqual(
      decided.writes.map(({ kind, telling, count }) => `${kind} ${telling.reason}/${telling.key} ×${count}`),
      expect,
      `at ${at}`,
    );
    return decided.writes.reduce((seen, write) => afterWrite(seen, write, { outcome: answer, now }), decided.told);
  }, before);
}

describe("Events", () => {
  it("of a new thing are created once, and what happens again is added to its series", () => {
    play([
      { at: 0, tell: [dirty("a")], expect: ["Create UnexpectedIPTablesRules/a ×1"] },
      { at: 1000, tell: [dirty("a")], expect: [] },
      { at: SERIES_REST_MS - 1, tell: [dirty("a", 40)], expect: [] },
      { at: SERIES_REST_MS, tell: [dirty("a", 41)], expect: ["Patch UnexpectedIPTablesRules/a ×41"] },
      { at: 2 * SERIES_REST_MS + SERIES_MS, tell: [dirty("a", 43)], expect: ["Create UnexpectedIPTablesRules/a ×2"] },
    ]);
  });

  it("of many occurrences at once begin with their count", () => {
    const { writes } = decideEvents([blocked("p", "k", 1000)], NOTHING_TOLD, { node, reportingInstance: "agent-x", now: START });
    const [write] = writes;
    assert.ok(write?.kind === "Create");
    assert.match(write.body.metadata.name, /^p\.[0-9a-f]{12}\.[0-9a-z]+$/);
    assert.deepEqual(
      { ...write.body, metadata: { ...write.body.metadata, name: "" } },
      {
        apiVersion: "events.k8s.io/v1",
        kind: "Event",
        metadata: { name: "", namespace: "shop" },
        eventTime: "2026-11-28T08:00:00.000000Z",
        type: "Warning",
        reason: "BlockedIPTablesRule",
        action: "DenyRule",
        note: "iptables, k. The rule was refused with EPERM: pods' packets would pass it by. Say the same with a network policy, or have the program's rules allowed.",
        regarding: { apiVersion: "v1", ...pod("p") },
        reportingController: "hostrouting.acns.azure.com/agent",
        reportingInstance: "agent-x",
        series: { count: 1000, lastObservedTime: "2026-11-28T08:00:00.000000Z" },
      },
    );
  });

  it("are told again when the API server has forgotten them, and under another name when theirs is somebody else's", () => {
    const forgotten = play([
      { at: 0, tell: [dirty("a")], expect: ["Create UnexpectedIPTablesRules/a ×1"] },
      { at: MINUTE_MS, tell: [dirty("a", 2)], answer: "Gone", expect: ["Patch UnexpectedIPTablesRules/a ×2"] },
      { at: MINUTE_MS, tell: [dirty("a", 2)], answer: "Taken", expect: ["Create UnexpectedIPTablesRules/a ×1"] },
    ]);
    const teller = { node, reportingInstance: "agent-x", now: START + MINUTE_MS };
    const [first] = decideEvents([dirty("a", 2)], { ...forgotten, sequence: 0 }, teller).writes;
    const [second] = decideEvents([dirty("a", 2)], forgotten, teller).writes;
    assert.notEqual(first?.name, second?.name);
  });

  it("without an answer are tried by the same name, and what had been carried out counts", () => {
    const lost = play([{ at: 0, tell: [dirty("a", 3)], answer: "Unknown", expect: ["Create UnexpectedIPTablesRules/a ×3"] }]);
    const again = decideEvents([dirty("a", 5)], lost, { node, reportingInstance: "agent-x", now: START + 1000 });
    const [write] = again.writes;
    assert.ok(write);
    assert.equal(write.name, lost.waiting[0]?.tried?.name);
    const told = afterWrite(again.told, write, { outcome: "Taken", now: START + 1000 });
    play([{ at: SERIES_REST_MS, tell: [dirty("a", 5)], expect: ["Patch UnexpectedIPTablesRules/a ×5"] }], told);
  });

  it("that no API server takes are not tried again, and count as suppressed", () => {
    const told = play([
      { at: 0, tell: [dirty("a", 7)], answer: "Refused", expect: ["Create UnexpectedIPTablesRules/a ×7"] },
      { at: 1000, tell: [dirty("a", 7)], expect: ["Create EventsSuppressed/ ×7"] },
    ]);
    assert.equal(told.suppressed, 7);
  });

  it("of a process that began to count anew are told from there", () => {
    play([
      { at: 0, tell: [dirty("a", 5)], expect: ["Create UnexpectedIPTablesRules/a ×5"] },
      { at: MINUTE_MS, tell: [dirty("a", 2)], expect: ["Patch UnexpectedIPTablesRules/a ×7"] },
    ]);
  });

  it("whose count outlives the process are not told again by the next one", () => {
    const enabled = (count: number): Telling => ({
      reason: "HostRoutingEnabled",
      regarding: node,
      key: "k",
      note: "On.",
      count,
      isKept: true,
    });
    const told = play([
      { at: 0, tell: [enabled(1), dirty("a")], expect: ["Create UnexpectedIPTablesRules/a ×1", "Create HostRoutingEnabled/k ×1"] },
    ]);
    const next = begunAnew(JSON.parse(JSON.stringify(told)) as ToldEvents);
    play(
      [
        { at: MINUTE_MS, tell: [enabled(1), dirty("a")], expect: ["Patch UnexpectedIPTablesRules/a ×2"] },
        { at: 2 * MINUTE_MS, tell: [enabled(2), dirty("a")], expect: ["Patch HostRoutingEnabled/k ×2"] },
      ],
      next,
    );
  });

  it("about what becomes of the node are written once a minute for each reason, and none is lost", () => {
    const reverted = (key: string, count = 1): Telling => ({
      reason: "HostRoutingReverted",
      regarding: node,
      key,
      note: "Off.",
      count,
      isKept: true,
    });
    play([
      { at: 0, tell: [reverted("a"), reverted("b")], expect: ["Create HostRoutingReverted/a ×1"] },
      { at: MINUTE_MS - 1, tell: [reverted("a", 3), reverted("b")], expect: [] },
      { at: MINUTE_MS, tell: [reverted("a", 3), reverted("b")], expect: ["Create HostRoutingReverted/b ×1"] },
      { at: 2 * MINUTE_MS, tell: [reverted("a", 3), reverted("b")], expect: ["Patch HostRoutingReverted/a ×3"] },
    ]);
  });

  it("with the same in common are one, whoever tells them", () => {
    play([{ at: 0, tell: [blocked("p", "k", 2), blocked("p", "k", 3)], expect: ["Create BlockedIPTablesRule/k ×5"] }]);
  });

  it("about one pod, all pods and all together keep to their budgets; the node's own come first and have room", () => {
    const many = (name: string, from = 0): Telling[] => Array.from({ length: 30 }, (_, n) => blocked(name, `${name}${from + n}`));
    const flood = ["a", "b", "c", "d", "e", "f", "g"].flatMap((name) => many(name));
    const all = [...flood, ...Array.from({ length: 20 }, (_, n) => dirty(`d${n}`)), clean("c")];
    const decide = (told: ToldEvents, at: number, tellings = all) => {
      return decideEvents(tellings, told, { node, reportingInstance: "agent-x", now: START + at });
    };
    const first = decide(NOTHING_TOLD, 0);
    const about = first.writes.map(({ telling }) => telling.regarding.name);
    assert.equal(first.writes.length, WRITES_MAX);
    assert.deepEqual(
      about.slice(0, 21),
      Array.from({ length: 21 }, () => node.name),
    );
    assert.equal(first.writes[20]?.telling.reason, "RulesClean");
    assert.equal(about.filter((name) => name === "a").length, WRITES_PER_POD_MAX);

    const afterFlood = decide(NOTHING_TOLD, 0, flood);
    assert.equal(afterFlood.writes.length, WRITES_FOR_PODS_MAX);
    const told = afterFlood.writes.reduce((seen, write) => afterWrite(seen, write, { outcome: "Written", now: START }), afterFlood.told);
    const then = decide(told, MINUTE_MS - 1);
    assert.equal(then.writes.length, WRITES_MAX - WRITES_FOR_PODS_MAX);
    assert.ok(then.writes.every(({ telling }) => telling.regarding.kind === "Node"));
    assert.equal(decide(told, MINUTE_MS, flood).writes.length, WRITES_FOR_PODS_MAX);
  });

  it("of 1,000 different denials in one second are as many as a pod's budget allows, and the rest is counted", () => {
    const denials = Array.from({ length: 1000 }, (_, n) => blocked("p", `rule ${n}`));
    const created = Array.from({ length: WRITES_PER_POD_MAX }, (_, n) => `Create BlockedIPTablesRule/rule ${n} ×1`);
    const told = play([
      { at: 0, tell: denials, expect: created },
      { at: 1000, tell: denials, expect: [] },
      { at: 2000, tell: [], expect: [`Create EventsSuppressed/ ×${1000 - WRITES_PER_POD_MAX}`] },
    ]);
    assert.equal(told.suppressed, 1000 - WRITES_PER_POD_MAX);
  });

  it("have names of their own, also when a record was lost and the clock stands still", () => {
    const tellings = Array.from({ length: 40 }, (_, n) => dirty(`k${n}`));
    const teller = { node, reportingInstance: "agent-x", now: START };
    const first = decideEvents(tellings, NOTHING_TOLD, teller).writes;
    const told = first.reduce((seen, write) => afterWrite(seen, write, { outcome: "Written", now: START }), NOTHING_TOLD);
    const second = decideEvents([dirty("other"), ...tellings], told, teller).writes;
    const names = [...first, ...second].map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    const longest = decideEvents([{ ...dirty("a"), regarding: { ...node, name: `${"n".repeat(219)}.${"m".repeat(33)}` } }], told, teller);
    assert.match(longest.writes[0]?.name ?? "", /^n{219}\.[0-9a-f]{12}\.[0-9a-z]+$/);
  });

  it("have a note of 1024 bytes at most, what is to be done is whole, and nothing in it is obeyed", () => {
    const note = `${"ü".repeat(600)}\u001b[2J`;
    const { writes } = decideEvents(
      [
        { ...dirty("a"), note },
        { ...dirty("b"), note: "\u001b[2J\u202e" },
      ],
      NOTHING_TOLD,
      {
        node,
        reportingInstance: "agent-x",
        now: START,
      },
    );
    const notes = writes.map((write) => (write.kind === "Create" ? write.body.note : ""));
    assert.ok(notes.every((text) => Buffer.byteLength(text) <= 1024));
    assert.match(notes[0] ?? "", /^ü+… Host routing .* then remove it\.$/);
    assert.match(notes[1] ?? "", /^\\u\{1b\}\[2J\\u\{202e\} Host routing/);
  });

  it("and suppressed occurrences are together all that happened, whatever happens when and however the server answers", () => {
    const step = fc.record({
      ms: fc.integer({ min: 0, max: 40_000 }),
      happened: fc.array(fc.record({ pod: fc.nat(2), key: fc.nat(30), times: fc.integer({ min: 1, max: 500 }) }), { maxLength: 40 }),
      over: fc.array(fc.nat(30), { maxLength: 10 }),
      // Unknown: nothing was carried out. Had it been, nobody could tell what is over before the next try.
      answers: fc.array(fc.constantFrom<WriteOutcome>("Written", "Written", "Refused", "Unknown", "Gone"), { minLength: 1, maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const going = new Map<string, Telling>();
        const shown = new Map<string, number>();
        let [told, now, happened, begun] = [NOTHING_TOLD, START, 0, 0];
        for (const { ms, happened: more, over, answers } of steps) {
          now += ms;
          for (const key of over) for (const name of [0, 1, 2]) going.delete(`${name} ${key}`);
          for (const { pod: name, key, times } of more) {
            const id = `${name} ${key}`;
            // what is over and happens again is another thing, as it is for those who tell
            going.set(
              id,
              blocked(`p${name}`, `${key} ${going.get(id)?.key.split(" ")[1] ?? begun++}`, (going.get(id)?.count ?? 0) + times),
            );
            happened += times;
          }
          const decided = decideEvents([...going.values()], told, { node, reportingInstance: "agent-x", now });
          told = decided.told;
          for (const [index, write] of decided.writes.entries()) {
            const answer = answers[index % answers.length] ?? "Written";
            const outcome = answer === "Gone" && write.kind === "Create" ? "Written" : answer;
            if (outcome === "Written" && write.telling.reason !== "EventsSuppressed") shown.set(write.name, write.count);
            told = afterWrite(told, write, { outcome, now });
          }
          const inLastMinute = told.spent.filter(({ at }) => now - at < MINUTE_MS).length;
          assert.ok(inLastMinute <= WRITES_MAX, `${inLastMinute}`);
        }
        const last = decideEvents([...going.values()], told, { node, reportingInstance: "agent-x", now }).told;
        const waiting = sumOf(last.waiting.filter(({ hash }) => hash !== SUPPRESSED).map(({ untold }) => untold));
        assert.equal(sumOf([...shown.values()]) + last.suppressed + waiting, happened);
      }),
      { numRuns: 300 },
    );
  });
});

it("every reason of an Event is explained in docs/events.md, and nothing else is", () => {
  const [text = ""] = readFileSync(join(import.meta.dirname, "../../../../docs/events.md"), "utf8").split("\n## ");
  const rows = [...text.matchAll(/^\| `(\w+)` +\| (\w+) +\|/gm)].map(([, reason, type]) => [reason, type]);
  const known = Object.entries(EVENT_CATALOGUE).map(([reason, { type }]) => [reason, type]);
  assert.deepEqual(rows, known);
});
