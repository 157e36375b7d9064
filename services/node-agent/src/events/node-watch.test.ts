import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { createLogger } from "@hostrouting/runtime";
import { zeroCounters } from "../host-routing/counters.ts";
import { NodeWatch, type NodeFound } from "./node-watch.ts";

const folder = mkdtempSync(join(tmpdir(), "node-news-"));
after(() => rmSync(folder, { recursive: true }));

const clock = { now: () => Date.parse("2026-11-28T08:00:00.000Z") };
const watchOn = (file: string): { watch: NodeWatch; woken: () => number } => {
  let woken = 0;
  return { watch: new NodeWatch({ file, clock, logger: createLogger("test", "silent"), onNews: () => (woken += 1) }), woken: () => woken };
};
const reasons = (watch: NodeWatch): string[] => watch.tellings({ kind: "Node", name: "n", uid: "u" }).map(({ reason }) => reason);

function found(attachedAt: number | undefined): NodeFound {
  return {
    guard: {
      rung: "Lsm",
      mode: "Audit",
      auditUntilMs: undefined,
      counters: undefined,
      trial: undefined,
      tampered: undefined,
      attachedAt,
      fault: undefined,
    },
    seen: {
      control: undefined,
      devices: [],
      counters: zeroCounters(),
      selfTest: undefined,
      switchedNow: false,
      masquerade: undefined,
      handedOver: { handedOver: 0, ended: 0, refused: 0, left: 0 },
      denials: undefined,
    },
    decision: { desired: { kind: "leave" }, state: { fencingToken: 0, generation: 0, nodeUid: "", revoked: null } },
  };
}

describe("the watch on the node", () => {
  it("wakes the writer with news, and hands on to the next process what was told", () => {
    const file = join(folder, "a.json");
    const { watch, woken } = watchOn(file);
    watch.look(found(undefined));
    assert.deepEqual([reasons(watch), woken()], [[], 0]);
    watch.look(found(5));
    watch.look(found(5));
    assert.deepEqual([reasons(watch), woken()], [["GuardAttached"], 1]);
    const next = watchOn(file);
    next.watch.look(found(Number.NEGATIVE_INFINITY));
    assert.deepEqual([reasons(next.watch), next.woken()], [["GuardAttached"], 0]);
  });

  it("begins anew with a damaged file, and goes on where none can be written", () => {
    const file = join(folder, "b.json");
    writeFileSync(file, "{");
    const { watch } = watchOn(file);
    watch.look(found(5));
    assert.deepEqual(reasons(watch), []);
    const nowhere = watchOn(join(file, "below-a-file.json"));
    nowhere.watch.look(found(undefined));
    nowhere.watch.look(found(5));
    assert.deepEqual(reasons(nowhere.watch), ["GuardAttached"]);
  });
});
