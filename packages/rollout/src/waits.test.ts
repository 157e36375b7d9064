import assert from "node:assert/strict";
import { test } from "node:test";
import { as, type Instant } from "@hostrouting/domain";
import { CLUSTER, completeWaits, type WaitDraft } from "./waits.ts";

const at = (ms: number): Instant => as<Instant>(ms);
const ofNode = (index: number): WaitDraft => ({ reason: "NodeNotReady", subject: `n${100 + index}`, message: "" });

test("of too many waits those of the whole cluster are kept, and of nodes the oldest, in the order in which they began", () => {
  const before = completeWaits([ofNode(0), ofNode(1)], [], at(1));
  const paused: WaitDraft = { reason: "Paused", subject: CLUSTER, message: "" };
  const gate: WaitDraft = { reason: "ApprovalPending", subject: "board", message: "" };
  const drafts = [...Array.from({ length: 100 }, (_, index) => ofNode(99 - index)), paused, gate];
  const waits = completeWaits(drafts, before, at(2));
  assert.equal(waits.length, 64);
  assert.deepEqual(
    waits.slice(0, 2).map(({ subject, since }) => [subject, since]),
    [
      ["n101", 1],
      ["n100", 1],
    ],
  );
  assert.deepEqual(
    waits.slice(-2).map(({ subject, since }) => [subject, since]),
    [
      [CLUSTER, 2],
      ["board", 2],
    ],
  );
});

test("a wait that lasts keeps its beginning, and has a remedy", () => {
  const first = completeWaits([ofNode(0)], [], at(1));
  assert.deepEqual(completeWaits([ofNode(0)], first, at(5)), first);
  assert.notEqual(first[0]?.remedy, "");
});
