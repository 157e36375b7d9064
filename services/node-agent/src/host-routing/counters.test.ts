import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { countedSince, summarise, zeroCounters } from "./counters.ts";

describe("counters", () => {
  it("count from the baseline, and from 0 after a reload", () => {
    const before = zeroCounters();
    const now = zeroCounters();
    before.fromPod.FastLocal = 10;
    before.fromNet.StackClass = 50;
    now.fromPod.FastLocal = 25;
    now.fromNet.StackClass = 3;
    const since = countedSince(before, now);
    assert.equal(since.fromPod.FastLocal, 15);
    assert.equal(since.fromNet.StackClass, 3);
  });

  it("give the share of pods' packets, most frequent reason first, the node's own left out", () => {
    const counters = zeroCounters();
    counters.fromPod.FastLocal = 6;
    counters.fromNet.FastFromNet = 3;
    counters.fromPod.StackClass = 1;
    counters.fromNet.StackConntrack = 2;
    counters.fromNet.StackHost = 1000;
    counters.fromPod.DropDenied = 3;
    counters.fromPod.DropDeniedOut = 1;
    const stackReasons = [
      { reason: "StackConntrack", packets: 2 },
      { reason: "StackClass", packets: 1 },
    ];
    assert.deepEqual(summarise(counters), { fast: 9, stack: 3, denied: 4, fastShare: 0.75, stackReasons });
    assert.equal(summarise(zeroCounters()).fastShare, 0);
    counters.fromPod.FastLocal = 29_999;
    assert.equal(summarise(counters).fastShare, 0.9999);
  });
});
