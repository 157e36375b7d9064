import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "@hostrouting/domain";
import type { ClusterAccess } from "@hostrouting/kube";
import type { Intent } from "@hostrouting/rollout";
import { createLogger } from "@hostrouting/runtime";
import { applyIntents } from "./apply-intents.ts";
import { SubjectBackoff } from "./subject-backoff.ts";

const logger = createLogger("test", "silent");
const backoffAt = (now: () => number): SubjectBackoff => new SubjectBackoff(now, () => 0);
const pods = Array.from({ length: 40 }, (_, at) => ({ namespace: "shop", name: `p${at}`, uid: `${at}` }));
const drain = { kind: "EvictPods", node: "n1", pods } as unknown as Intent;

test("a node whose writes are throttled is left alone for a while, and no step counts as failed for it", async () => {
  let now = 0;
  let calls = 0;
  const access = {
    deletePod: async () => {
      calls += 1;
      throw new AppError("kube.throttled", { say: "Too many requests, please try again later." });
    },
  } as unknown as ClusterAccess;
  const context = { access, logger, mayAct: () => true, backoff: backoffAt(() => now) };
  const intent = { kind: "RestartAgent", node: "n1", namespace: "acns-hostrouting", pod: "a" } as unknown as Intent;
  const faults: unknown[] = [];
  // As rounds follow one another after a write.
  for (now = 0; now < 3_000; now += 150) faults.push((await applyIntents(context, [intent])).fault);
  assert.equal(calls, 2, "after a second, then after two more");
  assert.deepEqual([...new Set(faults)], [undefined]);
});

test("no pod is evicted any more once the cluster may be somebody else's", async () => {
  let evicted = 0;
  const access = {
    evict: async () => {
      evicted += 1;
      return { kind: "Evicted" };
    },
  } as unknown as ClusterAccess;
  await applyIntents({ access, logger, mayAct: () => evicted < 10, backoff: backoffAt(() => 0) }, [drain]);
  assert.ok(evicted <= 10, `${evicted} of ${pods.length} pods were evicted`);
});

test("an eviction that fails ends the others of its node, and what budgets refused before is still told", async () => {
  const evicted: string[] = [];
  const access = {
    evict: async ({ name }: { readonly name: string }) => {
      evicted.push(name);
      if (name === "p0") return { kind: "Refused", budget: "shop/cart" };
      if (name === "p1") throw new AppError("kube.unreachable", { say: "no answer" });
      await new Promise((resolve) => setImmediate(resolve));
      return { kind: "Evicted" };
    },
  } as unknown as ClusterAccess;
  const { evictionRefusals } = await applyIntents({ access, logger, mayAct: () => true, backoff: backoffAt(() => 0) }, [drain]);
  for (let turns = 0; turns < pods.length; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(evicted.length <= 11, `${evicted.length} of ${pods.length} were asked for, also after the round was over`);
  assert.deepEqual(evictionRefusals, [{ node: "n1", pod: "shop/p0", budget: "shop/cart" }]);
});
