import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { createLogger } from "@hostrouting/runtime";
import type { ApiWrite } from "../kube/cluster-api.ts";
import { EventWriter } from "./event-writer.ts";
import type { Telling } from "./telling.ts";

const uid = "node-uid";
const folder = mkdtempSync(join(tmpdir(), "told-events-"));
after(() => rmSync(folder, { recursive: true }));
let files = 0;

/** A writer whose API server gives `answers` in turn, the last one for ever; null: none at all. */
function writerOf(tellings: () => readonly Telling[], answers: (number | null)[], file = join(folder, `${files++}.json`)) {
  const calls: ApiWrite[] = [];
  const clock = { at: Date.parse("2026-11-28T08:00:00.000Z"), now: () => clock.at };
  const writer = new EventWriter({
    api: {
      write: async (call) => {
        calls.push(call);
        const status = (answers.length > 1 ? answers.shift() : answers[0]) ?? null;
        if (status === null) throw new Error("no answer in time");
        return { status, said: "" };
      },
    },
    sources: [tellings],
    nodeName: "n1",
    ownNode: () => ({ uid }),
    reportingInstance: "agent-x",
    file,
    clock,
    logger: createLogger("test", "silent"),
  });
  return {
    writer,
    calls,
    clock,
    file,
    paths: () => calls.map(({ method, path }) => `${method} ${path.replace(/\.[0-9a-f]{12}\.\w+$/, "")}`),
  };
}

const node = { kind: "Node", name: "n1", uid } as const;
const EVENTS = "/apis/events.k8s.io/v1/namespaces";
const dirty = (key: string, count = 1): Telling => ({ reason: "UnexpectedIPTablesRules", regarding: node, key, note: "A rule.", count });

describe("the writer of Events", () => {
  it("creates an Event where kubectl describe looks for it, and patches its series", async () => {
    let tellings = [dirty("a"), { ...dirty("b"), regarding: { kind: "Pod", namespace: "shop", name: "cart", uid: "u" } as const }];
    const { writer, calls, clock, paths } = writerOf(() => tellings, [201]);
    assert.equal(await writer.round(), 5000);
    tellings = [dirty("a", 3), { ...dirty("b", 2), regarding: { kind: "Pod", namespace: "shop", name: "cart", uid: "u" } as const }];
    assert.equal(await writer.round(), 1000);
    clock.at += 60_000;
    await writer.round();
    assert.deepEqual(paths(), [
      `POST ${EVENTS}/default/events`,
      `POST ${EVENTS}/shop/events`,
      `PATCH ${EVENTS}/default/events/n1`,
      `PATCH ${EVENTS}/shop/events/cart`,
    ]);
    assert.deepEqual(calls[2]?.body, { series: { count: 3, lastObservedTime: "2026-11-28T08:01:00.000000Z" } });
  });

  it("goes on with the series of the process before, and begins anew where the record is damaged", async () => {
    const first = writerOf(() => [dirty("a", 4)], [201]);
    await first.writer.round();
    const second = writerOf(() => [dirty("a")], [201], first.file);
    await second.writer.round();
    assert.equal(second.calls.length, 0);
    second.clock.at += 30_000;
    await second.writer.round();
    assert.deepEqual(second.paths(), [`PATCH ${EVENTS}/default/events/n1`]);
    assert.deepEqual(second.calls[0]?.body, { series: { count: 5, lastObservedTime: "2026-11-28T08:00:30.000000Z" } });
    writeFileSync(first.file, `{"told":[]`);
    const third = writerOf(() => [dirty("a")], [201], first.file);
    await third.writer.round();
    assert.deepEqual(third.paths(), [`POST ${EVENTS}/default/events`]);
  });

  it("does not wait for the time-outs of all when there is no answer, and loses nothing", async () => {
    const { writer, paths } = writerOf(() => [dirty("a"), dirty("b"), dirty("c")], [null, 201]);
    assert.equal(await writer.round(), 1000);
    assert.equal(paths().length, 1);
    assert.equal(await writer.round(), 5000);
    assert.equal(paths().length, 4);
  });

  const answers: [status: number, tries: number, why: string][] = [
    [403, 3, "our role may arrive later"],
    [429, 3, "the server asks to come back"],
    [500, 3, "it is in trouble"],
    [422, 2, "such an Event is never taken, and what is suppressed is told instead"],
    [404, 2, "its namespace is gone"],
  ];
  for (const [status, tries, why] of answers)
    it(`answers of ${status}: ${why}`, async () => {
      const { writer, calls } = writerOf(() => [dirty("a")], [status]);
      for (let round = 0; round < 3; round += 1) await writer.round();
      assert.equal(calls.length, tries);
    });
});
