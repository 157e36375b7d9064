/** Every point of the checklist against an installation of this run's own; `npm run conformance` asks the same points of any endpoint. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startOwnTarget, type OwnTarget } from "./own-target.ts";
import { allPoints } from "./points/all-points.ts";
import { runPoint } from "./run-point.ts";

let target: OwnTarget;
before(async () => {
  target = await startOwnTarget();
});
after(() => target?.close());

test("the checklist is whole: F1 has 58 points, F2 35, each once", () => {
  const numbers = (part: string): number[] => allPoints.filter(({ id }) => id.startsWith(part)).map(({ id }) => Number(id.split("-")[1]));
  for (const [part, last] of [
    ["F1-", 58],
    ["F2-", 35],
  ] as const)
    assert.deepEqual(
      numbers(part),
      Array.from({ length: last }, (_, index) => index + 1),
    );
});

for (const point of allPoints)
  test(`${point.id} ${point.what} → ${point.expected}`, async () => {
    const { outcome } = await runPoint(target, point);
    if (point.elsewhere !== undefined) assert.equal(outcome.kind, "notApplicable");
    else assert.equal(outcome.kind, "passed", JSON.stringify(outcome));
  });
