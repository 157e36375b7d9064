import assert from "node:assert/strict";
import { test } from "node:test";
import { as, type Instant, type NodeRollout } from "@hostrouting/domain";
import type { NodeObservation, NodeSpec } from "./snapshot.ts";
import { keepPace } from "./upkeep.ts";

const spec = { mode: "Observe", generation: 3, fencingToken: 7, nodeUID: "u1", bootID: "b1" } as NodeSpec;
const owner = { operationId: "op", token: 7 } as Parameters<typeof keepPace>[1]["owner"];
const plain = { switchGeneration: 3 } as NodeRollout;
const at = (ms: number): Instant => as<Instant>(ms);

function kept(
  record: NodeRollout,
  given: { reportSeconds?: number; spec?: NodeSpec; now?: number },
): readonly [NodeRollout["paced"], unknown] {
  const seen = { name: "n1", uid: "u1", bootId: "b1", spec: given.spec } as unknown as NodeObservation;
  const { record: after, intents } = keepPace(record, { seen, owner, now: at(given.now ?? 0), reportSeconds: given.reportSeconds });
  const [intent] = intents;
  return [after.paced, intent?.kind === "WriteNodeSpec" ? intent.spec : intent];
}

test("a node that is compared is asked to report more often, and its order stays as it is", () => {
  assert.deepEqual(kept(plain, { spec, reportSeconds: 15, now: 5 }), [
    { seconds: 15, at: 5 },
    { ...spec, reportSeconds: 15 },
  ]);
  assert.deepEqual(kept(plain, { spec: { ...spec, reportSeconds: 15 }, now: 5 }), [{ at: 5 }, spec]);
});

test("where nothing is to be changed, nothing is written", () => {
  assert.deepEqual(kept(plain, { spec }), [undefined, undefined]);
  assert.deepEqual(kept(plain, { reportSeconds: 15 }), [undefined, undefined]);
  assert.deepEqual(kept(plain, { spec: { ...spec, fencingToken: 8 }, reportSeconds: 15 }), [undefined, undefined]);
  assert.deepEqual(kept(plain, { spec: { ...spec, bootID: "b0" }, reportSeconds: 15 }), [undefined, undefined]);
  assert.deepEqual(kept(plain, { spec: { ...spec, nodeUID: "u0" }, reportSeconds: 15 }), [undefined, undefined]);
});

test("an order that a list which lagged behind still shows is not given again in place of the one after it", () => {
  assert.deepEqual(kept({ ...plain, switchGeneration: 4 }, { spec, reportSeconds: 15 }), [undefined, undefined]);
});

test("an API server that drops the wish is asked again after a while only", () => {
  const record: NodeRollout = { ...plain, paced: { seconds: 15, at: at(1_000) } };
  assert.deepEqual(kept(record, { spec, reportSeconds: 15, now: 15_999 }), [record.paced, undefined]);
  assert.deepEqual(kept(record, { spec, reportSeconds: 15, now: 16_000 })[0], { seconds: 15, at: 16_000 });
  assert.deepEqual(kept(record, { spec: { ...spec, reportSeconds: 15 }, now: 2_000 }), [{ at: 2_000 }, spec]);
});
