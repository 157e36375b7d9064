import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError, as, type Instant } from "@hostrouting/domain";
import { createLogger } from "@hostrouting/runtime";
import { NOTHING_TOLD, type News } from "./decide-events.ts";
import { tellNews } from "./tell-news.ts";

const at = as<Instant>(Date.parse("2026-01-01T00:00:00Z"));
const news = Array.from({ length: 20 }, (_, number): News => {
  const regarding = { apiVersion: "v1", kind: "Node", name: `n${number}`, uid: `u${number}` };
  return { reason: "DrainBlocked", regarding, key: "", note: "", count: 1, firstAt: at, lastAt: at };
});

function teller(code: string) {
  const calls: number[] = [];
  const writeEvent = async (): Promise<void> => {
    calls.push(1);
    throw new AppError(code, { say: "no answer" });
  };
  return { calls, context: { access: { writeEvent }, logger: createLogger("test", "silent"), mayAct: () => true, workerId: "w" } };
}

for (const code of ["kube.unreachable", "kube.throttled"])
  test(`Events that get no room (${code}) hold up their round once, not twenty times five seconds`, async () => {
    const { calls, context } = teller(code);
    const told = await tellNews(context, news, { told: NOTHING_TOLD, now: at });
    assert.equal(calls.length, 1);
    // The next round, a moment later, does not begin with the next one.
    await tellNews(context, news, { told, now: as<Instant>(at + 500) });
    assert.equal(calls.length, 1);
  });

test("an Event that is refused keeps no other from being written", async () => {
  const { calls, context } = teller("kube.refused");
  await tellNews(context, news, { told: NOTHING_TOLD, now: at });
  assert.equal(calls.length, 20);
});
