import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { holdInstallation } from "./single-instance.ts";

test("a second one is refused, with the first one's number and the remedy; after it ended, it is not", async () => {
  const id = randomUUID();
  const release = await holdInstallation(id, "/state");
  await assert.rejects(holdInstallation(id, "/state"), (error: Error & { code: string; remedy: string }) => {
    assert.equal(error.code, "start.already-running");
    assert.equal(error.message, `It already runs with the state folder /state (process ${process.pid})`);
    assert.match(error.remedy, /--state-dir/);
    return true;
  });
  release();
  (await holdInstallation(id, "/state"))();
});
