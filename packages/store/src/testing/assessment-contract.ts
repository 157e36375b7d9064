import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import {
  as,
  ASSESSMENTS_KEPT,
  type AssessmentId,
  type AssessmentReport,
  type AssessmentRequest,
  type ClusterId,
} from "@hostrouting/domain";
import type { ContractStore } from "./store-contract.ts";
import { emptyStatus } from "./test-store.ts";

const report = { kind: "Validate", mode: "BpfVeth", verdict: "Passed" } as unknown as AssessmentReport;
const FIVE_MINUTES_MS = 300_000;

function question({ clusterId }: ContractStore, kind: AssessmentRequest["kind"] = "Validate"): AssessmentRequest {
  const id = as<AssessmentId>(randomUUID());
  return { id, clusterId, kind, mode: "BpfVeth", rolloutPolicy: { gates: [] }, tenantId: "t", objectId: "o" };
}

/** What a round would find to answer. */
const open = async ({ store, clusterId }: ContractStore) => (await store.rounds.read(clusterId))?.questions ?? [];

/** What holds of assessments in every store. */
export function assessments(it: () => ContractStore): void {
  void test("a question waits until it is answered, once", async () => {
    const { store } = it();
    const asked = question(it());
    await store.assessments.request(asked);
    const pending = await open(it());
    assert.deepEqual(
      pending.map(({ ageMs, ...rest }) => [ageMs >= 0, rest]),
      [[true, asked]],
    );
    assert.equal(await store.assessments.answer(asked.id, { state: "Succeeded", report }), true);
    assert.equal(await store.assessments.answer(asked.id, { state: "Failed", error: { code: "Late", message: "" } }), false);
    const { requestedAt, endedAt, ...kept } = (await store.assessments.get(asked.id)) ?? {};
    assert.deepEqual(kept, { ...asked, state: "Succeeded", report, error: undefined });
    assert.ok((requestedAt ?? 0) <= (endedAt ?? 0));
    assert.deepEqual(await open(it()), []);
  });

  void test("a later one of its kind takes the place of the one before, of another kind it does not", async () => {
    const { store } = it();
    const asked = [question(it()), question(it(), "WhatIf"), question(it())] as const;
    for (const one of asked) await store.assessments.request(one);
    assert.deepEqual(
      (await open(it())).map(({ id }) => id),
      [asked[1].id, asked[2].id],
    );
    const first = await store.assessments.get(asked[0].id);
    assert.deepEqual([first?.state, first?.error?.code], ["Canceled", "Superseded"]);
    assert.equal(await store.assessments.answer(asked[0].id, { state: "Succeeded", report }), false);
  });

  void test("nothing is asked of a cluster that is not there", async () => {
    const asked = { ...question(it()), clusterId: as<ClusterId>("/subscriptions/s/nobody") };
    assert.equal(await it().store.assessments.request(asked), "Absent");
    assert.equal(await it().store.assessments.get(asked.id), undefined);
  });

  void test("many at once leave one", async () => {
    const { store } = it();
    await Promise.all(Array.from({ length: 8 }, () => store.assessments.request(question(it()))));
    assert.equal((await open(it())).length, 1);
  });

  limits(it);
}

function limits(it: () => ContractStore): void {
  void test("one that nobody answered in time has failed, and takes no answer", async () => {
    const { store } = it();
    const asked = question(it());
    await store.assessments.request(asked);
    await it().age(FIVE_MINUTES_MS);
    const late = await store.assessments.get(asked.id);
    assert.deepEqual([late?.state, late?.error?.code], ["Failed", "AssessmentTimeout"]);
    assert.deepEqual(await open(it()), []);
    assert.equal(await store.assessments.answer(asked.id, { state: "Succeeded", report }), false);
  });

  void test("the last answers are kept, and no more", async () => {
    const { store } = it();
    const asked = Array.from({ length: ASSESSMENTS_KEPT + 3 }, () => question(it()));
    for (const one of asked) {
      await store.assessments.request(one);
      await store.assessments.answer(one.id, { state: "Succeeded", report });
    }
    await store.assessments.request(question(it()));
    const found = await Promise.all(asked.map(({ id }) => store.assessments.get(id)));
    assert.deepEqual(
      found.map((one) => one !== undefined),
      asked.map((_, index) => index >= 3),
    );
  });

  void test("a cluster is due at once, and soon again however long a round would let it rest", async () => {
    const { store, clusterId } = it();
    const lease = await store.leases.acquire(clusterId, "w", FIVE_MINUTES_MS);
    assert.ok(lease);
    const rest = async (): Promise<void> => {
      const record = { nodes: [], status: emptyStatus, lookAgainInMs: FIVE_MINUTES_MS / 5, history: [] };
      assert.equal(await store.rounds.record(clusterId, lease.token, record), "Recorded");
    };
    await rest();
    assert.deepEqual(await store.rounds.due(1), []);
    await store.assessments.request(question(it()));
    assert.deepEqual(await store.rounds.due(1), [clusterId]);
    await rest();
    assert.deepEqual(await store.rounds.due(1), []);
    await it().age(6_000);
    assert.deepEqual(await store.rounds.due(1), [clusterId]);
  });
}
