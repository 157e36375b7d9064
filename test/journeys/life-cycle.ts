import assert from "node:assert/strict";
import { test } from "node:test";
import { expectNothingLeft, killAll, labId, processesOf } from "./left-over.ts";
import type { ManagedCluster } from "./shapes.ts";
import { openStage, type Stage } from "./stage.ts";

/** Promised to whoever presses Ctrl-C. */
const END_MS_MAX = 15_000;

/** The command ends as it should, and starts as it should after it could not. */
export function lifeCycle(stage: Stage): void {
  test("a start after kill -9 of everything cleans up first; SIGTERM then ends all of it and leaves nothing", async () => {
    const { id: resource, tags } = await stage.arm.cluster();
    await stage.arm.request({ method: "PUT", path: resource, body: { ...(await stage.arm.cluster()), tags: { ...tags, kept: "yes" } } });
    killAll(processesOf(stage.stateDir));

    const again = await openStage({ stateDir: stage.stateDir });
    const id = labId(stage.stateDir);
    const kept = await again.arm.cluster().catch((error: unknown) => error);
    const ended = await again.close();
    assert.deepEqual((kept as ManagedCluster).tags, { ...tags, kept: "yes" }, "the database survived");
    assert.equal(ended.code, 0);
    assert.ok(ended.ms <= END_MS_MAX, `ended after ${Math.round(ended.ms)} ms`);
    await expectNothingLeft(id, stage.stateDir);
  });
}
