import assert from "node:assert/strict";
import { test } from "node:test";
import { handOverCondition } from "./hand-over-condition.ts";

const none = { handedOver: 0, ended: 0, refused: 0, left: 0 };
const cases: readonly (readonly [what: string, seen: typeof none, said: string[]])[] = [
  ["nothing was translated", none, []],
  ["ended flows only", { ...none, ended: 3 }, []],
  ["all went", { ...none, handedOver: 7, ended: 1 }, ["True HandedOver 7"]],
  ["more than one call does", { ...none, handedOver: 5000, left: 1200 }, ["False HandingOver 1200"]],
  ["conntrack refused some", { ...none, handedOver: 5, refused: 2, left: 2 }, ["False RefusedByConntrack 2"]],
];

for (const [what, seen, said] of cases)
  test(`hand-over is reported: ${what}`, () =>
    assert.deepEqual(
      handOverCondition(seen).map(({ status, reason, message }) => `${status} ${reason} ${/\d+/.exec(message)?.[0]}`),
      said,
    ));
