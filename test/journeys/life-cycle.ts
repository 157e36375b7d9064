import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";
import { DISABLE_TIMEOUT_MS, ENABLE_TIMEOUT_MS, expectDisabled, expectEnabled, IN_THE_MIDDLE, someNodeInFlight } from "./expectations.ts";
import { expectNothingLeft, killAll, labId, processesOf } from "./left-over.ts";
import { openStage, type Stage } from "./stage.ts";

/** Promised to whoever presses Ctrl-C. */
const END_MS_MAX = 15_000;

/** The command ends as it should, and starts as it should after it could not. */
export function lifeCycle(stage: Stage): void {
  test("kill -9 of the supervisor while nodes are switched on, of every process while off: the next start carries the same operation to its end; SIGTERM leaves nothing", async (t) => {
    const { stateDir } = stage;
    let last = stage;
    t.after(() => last.close());
    const again = async (): Promise<Stage> => (last = await openStage({ stateDir, port: Number(new URL(stage.ready.arm).port) }));
    const { id: resource, tags } = await stage.arm.cluster();
    await stage.arm.request({ method: "PUT", path: resource, body: { ...(await stage.arm.cluster()), tags: { ...tags, kept: "yes" } } });

    const on = await stage.arm.setMode("BpfVeth");
    await someNodeInFlight(stage, IN_THE_MIDDLE);
    await stage.killSupervisor();
    const second = await again();
    assert.equal((await second.arm.settle(on, ENABLE_TIMEOUT_MS)).status, "Succeeded");
    await expectEnabled(second);

    const off = await second.arm.setMode("None");
    await someNodeInFlight(second, IN_THE_MIDDLE);
    killAll(processesOf(stateDir));
    const third = await again();
    assert.equal((await third.arm.settle(off, DISABLE_TIMEOUT_MS)).status, "Succeeded");
    await expectDisabled(third);
    assert.deepEqual((await third.arm.cluster()).tags, { ...tags, kept: "yes" }, "the database survived");

    const id = labId(stateDir);
    const ended = await third.close();
    assert.equal(ended.code, 0);
    assert.ok(ended.ms <= END_MS_MAX, `ended after ${Math.round(ended.ms)} ms`);
    await expectNothingLeft(id, stateDir);
    rmSync(stateDir, { recursive: true });
  });
}
