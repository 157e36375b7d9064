import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { longestSilenceMs, watchPauses, type Span } from "./pauses.ts";

describe("silences of flows", () => {
  const cases: [what: string, silences: Span[], pauses: Span[], longestMs: number][] = [
    ["none", [], [[0, 100]], 0],
    [
      "the longest counts",
      [
        [0, 10],
        [20, 50],
      ],
      [],
      30,
    ],
    ["an end that stood still is no silence", [[0, 100]], [[0, 100]], 0],
    ["what is left of it is one", [[0, 100]], [[20, 50]], 70],
    [
      "a pause before and after is none of its",
      [[100, 200]],
      [
        [0, 90],
        [200, 300],
      ],
      100,
    ],
    [
      "a pause over its edges counts within",
      [[100, 200]],
      [
        [0, 110],
        [190, 300],
      ],
      80,
    ],
    [
      "both ends that stood still at once count once",
      [[0, 100]],
      [
        [10, 50],
        [30, 60],
      ],
      50,
    ],
    [
      "a pause within another counts once, in any order",
      [[0, 100]],
      [
        [30, 40],
        [10, 60],
        [90, 95],
      ],
      45,
    ],
    [
      "a shorter silence may be the longer one",
      [
        [0, 100],
        [200, 260],
      ],
      [[0, 90]],
      60,
    ],
  ];
  for (const [what, silences, pauses, longestMs] of cases) it(what, () => assert.equal(longestSilenceMs(silences, pauses), longestMs));

  it("a process that stood still knows of it at once", () => {
    const pauses = watchPauses();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    const [[fromMs, toMs] = [0, 0]] = pauses();
    assert.ok(toMs - fromMs > 50);
  });
});
