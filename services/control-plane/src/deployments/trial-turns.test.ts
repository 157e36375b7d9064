import assert from "node:assert/strict";
import { test } from "node:test";
import { trialTurns } from "./trial-turns.ts";

/** Work that ends when told to. */
function pending(begun: number[], id: number): { readonly work: () => Promise<void>; end(): void } {
  let finish = (): void => undefined;
  const done = new Promise<void>((resolve) => (finish = resolve));
  return {
    work() {
      begun.push(id);
      return done;
    },
    end: () => finish(),
  };
}

test("two at once, the others in their order; one too many is sent away; a failure frees the place", async () => {
  const inTurn = trialTurns();
  const begun: number[] = [];
  const all = Array.from({ length: 22 }, (_, id) => pending(begun, id));
  const asked = all.map(({ work }) => inTurn(work));
  assert.deepEqual(begun, [0, 1]);
  await assert.rejects(
    inTurn(async () => undefined),
    /Too many deployments/,
  );
  all[1]?.end();
  await asked[1];
  assert.deepEqual(begun, [0, 1, 2]);
  for (const one of all) one.end();
  await Promise.all(asked);
  assert.deepEqual(begun, [...all.keys()]);
  await assert.rejects(
    inTurn(() => Promise.reject(new Error("no"))),
    /^Error: no$/,
  );
  assert.equal(await inTurn(async () => "free"), "free");
});
