import assert from "node:assert/strict";
import { test } from "node:test";
import { parseGates } from "./rollout-gate.ts";

const approval = { id: "board", at: "BeforeCluster", kind: "Approval" };
const start = { id: "night", at: "BeforeBatch", kind: "ScheduledStart", startsAt: "2026-02-01T01:00:00+01:00" };

test("gates are kept with every member, times in UTC", () => {
  assert.deepEqual(parseGates([approval, { ...approval, id: "b", twoPersons: true }, start]), {
    gates: [
      { ...approval, twoPersons: false },
      { ...approval, id: "b", twoPersons: true },
      { ...start, startsAt: "2026-02-01T00:00:00.000Z" },
    ],
  });
  const hook = { id: "checks", at: "BeforeBatch", kind: "Webhook", url: "https://checks.example/hook" };
  assert.deepEqual(parseGates([hook]), { gates: [{ ...hook, timeoutSeconds: 10, intervalSeconds: 30 }] });
  assert.deepEqual(parseGates([]), { gates: [] });
});

const faults: readonly (readonly [name: string, given: unknown, expected: string])[] = [
  ["no list", { 0: approval }, "gates"],
  ["too many", Array.from({ length: 11 }, (_, index) => ({ ...approval, id: `g${index}` })), "gates"],
  ["no object", [null, "board"], "gates[0], gates[1]"],
  ["nothing said", [{}], "gates[0].id, gates[0].at, gates[0].kind"],
  ["a name that is none", [{ ...approval, id: "The Board" }], "gates[0].id"],
  ["a name that a batch's gate would have", [{ ...approval, id: "a/batch-1" }], "gates[0].id"],
  ["the same name twice", [approval, { ...start, id: "board" }], "gates[1].id"],
  ["a place that is none", [{ ...approval, at: "Sometimes" }], "gates[0].at"],
  ["a kind that is none", [{ ...approval, kind: "Oracle" }], "gates[0].kind"],
  ["a webhook without an address", [{ id: "a", at: "BeforeCluster", kind: "Webhook" }], "gates[0].url"],
  ...["http://a.example/", "https://user@a.example/", "https://:secret@a.example/", "https://a.example/#x", "a.example", 7].map(
    (url) => [`a webhook at ${url}`, [{ id: "a", at: "BeforeCluster", kind: "Webhook", url }], "gates[0].url"] as const,
  ),
  [
    "a webhook of no patience",
    [{ id: "a", at: "BeforeCluster", kind: "Webhook", url: "https://a.example/", timeoutSeconds: 0, intervalSeconds: 4 }],
    "gates[0].timeoutSeconds, gates[0].intervalSeconds",
  ],
  ["an approval with an address", [{ ...approval, url: "https://a.example/" }], "gates[0].url"],
  ["a start without a time", [{ ...start, startsAt: undefined }], "gates[0].startsAt"],
  ["a day that is none", [{ ...start, startsAt: "2026-02-30T00:00:00Z" }], "gates[0].startsAt"],
  ["an approval with a time", [{ ...approval, startsAt: start.startsAt }], "gates[0].startsAt"],
  ["a start by two persons", [{ ...start, twoPersons: true }], "gates[0].twoPersons"],
  ["two persons by word", [{ ...approval, twoPersons: "yes" }], "gates[0].twoPersons"],
];
for (const [name, given, expected] of faults)
  test(`gates: ${name}`, () => {
    const parsed = parseGates(given);
    assert.equal("faults" in parsed && parsed.faults.map(({ member }) => member).join(", "), expected);
  });
