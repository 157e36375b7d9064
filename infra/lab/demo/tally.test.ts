import assert from "node:assert/strict";
import { test } from "node:test";
import { Tally } from "./tally.ts";

test("a connection is under way until its outcome is known", () => {
  const tally = new Tally();
  tally.begin("new/service/v4");
  tally.begin("new/service/v4");
  tally.end({ kind: "new/service/v4", ip: "10.96.0.9", tookMs: 3.26 });
  const counts = tally.kinds()["new/service/v4"];
  assert.deepEqual([counts?.attempted, counts?.ok, counts?.failed, counts?.maxLatencyMs], [2, 1, 0, 3.3]);
});

test("a reset is a failure, and both are kept with their text", () => {
  const tally = new Tally();
  tally.end({ kind: "k", ip: "::1", tookMs: 1, error: Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }) });
  tally.end({ kind: "k", ip: "::1", tookMs: 1, error: new Error("no answer") });
  assert.deepEqual([tally.kinds()["k"]?.failed, tally.kinds()["k"]?.reset], [2, 1]);
  assert.deepEqual(
    tally.errors().map(({ text }) => text),
    ["read ECONNRESET", "no answer"],
  );
});

test("more than a second is a stall, also for a connection that went well and for a flow's silence", () => {
  const tally = new Tally();
  tally.end({ kind: "k", ip: "::1", tookMs: 1_000 });
  tally.end({ kind: "k", ip: "::1", tookMs: 1_001 });
  tally.endFlow({ kind: "k", ip: "::1", tookMs: 5, longestSilenceMs: 1_500, sent: 10, lost: 0 });
  assert.equal(tally.kinds()["k"]?.stalledOver1s, 2);
  assert.deepEqual(
    tally.errors().map(({ text, afterMs }) => [text, afterMs]),
    [
      ["answered late", 1_001],
      ["answered late", 1_500],
    ],
  );
});
