import assert from "node:assert/strict";
import { test } from "node:test";
import { requestThrottle, throttleKindOf, type RequestThrottle, type ThrottleQuestion } from "./request-throttle.ts";

const limits = {
  reads: { size: 3, refillPerSecond: 1 },
  writes: { size: 2, refillPerSecond: 1 },
  deletes: { size: 1, refillPerSecond: 1 },
};
const me: ThrottleQuestion = { tenantId: "t", objectId: "me", subscriptionId: "S", kind: "reads" };

/** So many requests at time 0; how many were let through. */
function send(throttle: RequestThrottle, asked: ThrottleQuestion, times: number): number {
  return Array.from({ length: times }, () => throttle(asked, 0)).filter((answer) => answer.isAllowed).length;
}

const beside: readonly (readonly [name: string, other: Partial<ThrottleQuestion>, passed: number])[] = [
  ["the same subscription in other letters", { subscriptionId: "s" }, 0],
  ["another principal", { objectId: "you" }, 3],
  ["another subscription", { subscriptionId: "other" }, 3],
  ["no subscription", { subscriptionId: undefined }, 3],
  ["another kind", { kind: "writes" }, 2],
  ["a namesake in another tenant", { tenantId: "u" }, 3],
];
for (const [name, other, passed] of beside)
  test(`after one bucket is empty: ${name} may send ${passed}`, () => {
    const throttle = requestThrottle(limits);
    assert.equal(send(throttle, me, 5), 3);
    assert.equal(send(throttle, { ...me, ...other }, 5), passed);
  });

test("what is left counts down, is refilled, and a refused request costs nothing", () => {
  const throttle = requestThrottle(limits);
  const left = [0, 0, 0, 0, 0].map((at) => throttle(me, at).remaining);
  assert.deepEqual(left, [2, 1, 0, 0, 0]);
  assert.deepEqual([throttle(me, 999).isAllowed, throttle(me, 1_000).isAllowed, throttle(me, 1_001).retryAfterSeconds], [false, true, 1]);
  assert.equal(throttle(me, 60_000).remaining, 2);
});

test("all principals of a tenant share 15 times as much; strangers use up nothing of it", () => {
  const throttle = requestThrottle(limits);
  const people = Array.from({ length: 20 }, (_, n) => ({ ...me, objectId: `p${n}` }));
  for (const person of people) send(throttle, { ...person, tenantId: "strangers" }, 3);
  assert.equal(
    people.reduce((sum, person) => sum + send(throttle, person, 3), 0),
    45,
  );
  const late = throttle({ ...me, objectId: "late" }, 0);
  assert.deepEqual([late.isAllowed, late.remaining, late.globalRemaining, late.retryAfterSeconds], [false, 3, 0, 1]);
});

test("a flood of principals leaves those at their limit where they are, and costs no time", () => {
  const throttle = requestThrottle(limits, 100);
  assert.equal(send(throttle, me, 5), 3);
  for (let n = 0; n < 100_000; n++) throttle({ ...me, tenantId: `flood-${n}` }, n / 1_000);
  assert.equal(throttle(me, 100).isAllowed, false);
});

for (const [method, kind] of [
  ["GET", "reads"],
  ["HEAD", "reads"],
  ["PUT", "writes"],
  ["PATCH", "writes"],
  ["POST", "writes"],
  ["DELETE", "deletes"],
] as const)
  test(`${method} counts as ${kind}`, () => assert.equal(throttleKindOf(method), kind));
