import assert from "node:assert/strict";
import { test } from "node:test";
import { openLane } from "./one-at-a-time.ts";

test("work is done one after the other in the order of asking, and whoever waits hears for how many; a failure holds up nobody", async () => {
  const lane = openLane();
  const log: string[] = [];
  const gate = Promise.withResolvers<void>();
  const work = (name: string, end: () => Promise<void>) =>
    lane.run(
      async () => {
        log.push(`${name} begins`);
        await end();
        log.push(`${name} ends`);
      },
      (ahead) => log.push(`${name} waits for ${ahead}`),
    );
  const first = work("first", () => gate.promise);
  const second = assert.rejects(
    work("second", () => Promise.reject(new Error("no"))),
    /no/,
  );
  const third = work("third", () => Promise.resolve());
  gate.resolve();
  await Promise.all([first, second, third]);
  assert.deepEqual(log, [
    "second waits for 1",
    "third waits for 2",
    "first begins",
    "first ends",
    "second begins",
    "third begins",
    "third ends",
  ]);
});
