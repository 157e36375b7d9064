import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { AppError } from "@hostrouting/domain";
import type { ClusterAccess } from "@hostrouting/kube";
import { createLogger, type Timers } from "@hostrouting/runtime";
import { startClusterLoop } from "./cluster-loop.ts";
import { BUNDLE, CLUSTER_ID, makeWorld, PATIENCE, type Interposer } from "./testing/test-world.ts";

const ADMIN_URL = process.env["HOSTROUTING_TEST_DATABASE_URL"];
assert.ok(ADMIN_URL, "HOSTROUTING_TEST_DATABASE_URL names a Postgres on which databases may be created");

/** Time that stands still during a round and leaps to what is due next between two, so that nothing depends on how fast rounds are. */
class LeapingTimers implements Timers {
  #now = 0;
  #due: { readonly at: number; readonly run: () => void }[] = [];

  monotonicNow(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): () => void {
    const entry = { at: this.#now + ms, run };
    this.#due.push(entry);
    return () => void (this.#due = this.#due.filter((other) => other !== entry));
  }

  every(): () => void {
    return () => {};
  }

  /** Runs what is due next, if that is before `endMs`. */
  leap(endMs: number): boolean {
    const next = this.#due.toSorted((one, other) => one.at - other.at)[0];
    if (next === undefined || next.at > endMs) return false;
    this.#due = this.#due.filter((other) => other !== next);
    this.#now = Math.max(this.#now, next.at);
    next.run();
    return true;
  }
}

for (const code of ["kube.throttled", "kube.unreachable"])
  test(`a Lease that the API server does not take (${code}) is written again after pauses that grow, and nothing is listed anew for it`, async () => {
    const world = await makeWorld(ADMIN_URL);
    world.fake.addNode("n1");
    await world.request("BpfVeth");
    const access = world.fake.access();
    const counted = { watches: 0, leases: 0 };
    const busy: ClusterAccess = {
      ...access,
      watch(policy, onChange) {
        counted.watches += 1;
        return access.watch(policy, onChange);
      },
      async writeRolloutLease() {
        counted.leases += 1;
        throw new AppError(code, { say: "Too many requests, please try again later." });
      },
    };
    const timers = new LeapingTimers();
    let round: Promise<unknown> = Promise.resolve();
    const enter = <T>(run: () => Promise<T>): Promise<T> => {
      const going = run();
      round = going.catch(() => undefined);
      return going;
    };
    const loop = startClusterLoop(
      {
        store: world.store,
        access: { get: async () => busy, close: () => {} },
        workerId: "worker",
        newId: randomUUID,
        bundle: BUNDLE,
        logger: createLogger("test", "silent"),
        askWebhook: async () => ({ verdict: "NoAnswer", reason: "" }),
        metrics: world.metrics,
        timers,
        chance: () => 0,
      },
      { enter, onUnknown: () => {} },
      CLUSTER_ID,
    );
    do {
      await new Promise((resolve) => setImmediate(resolve));
      await round;
      await new Promise((resolve) => setImmediate(resolve));
    } while (timers.leap(5_000));
    await loop.stop();
    await world.close();
    assert.ok(counted.leases >= 2, `it is tried again: ${counted.leases} times`);
    assert.ok(counted.leases <= 4 && counted.watches === 1, `${counted.leases} writes, and ${counted.watches} times six lists, in 5 s`);
  });

test("a Lease that the API server refuses pauses the operation in the end, with its words", async () => {
  const world = await makeWorld(ADMIN_URL, PATIENCE, { stepTriesMax: 1 });
  world.fake.addNode("n1");
  const id = await world.request("BpfVeth");
  const refuses: Interposer = (name, call) =>
    name === "writeRolloutLease"
      ? Promise.reject(
          new AppError("kube.refused", { say: "The API server answered with 400: admission webhook leases.corp denied the request" }),
        )
      : call();
  for (let rounds = 0; rounds < 20; rounds += 1) await world.round("worker", refuses);
  const { phase } = await world.operation(id);
  const { status } = await world.store.clusters.status(CLUSTER_ID);
  await world.close();
  assert.equal(phase, "Paused", `${phase}, and its waits are ${JSON.stringify(status?.waits.map(({ reason }) => reason))}`);
  assert.match(JSON.stringify(status?.waits), /leases\.corp denied/);
});
