import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { openBoundedLog } from "./bounded-log.ts";
import { openProcessRecord } from "./process-record.ts";
import { prepareRedis } from "./redis.ts";
import { superviseChild } from "./supervised-child.ts";

test("a private Redis answers at its socket, is nobody else's, and keeps nothing", { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "hostrouting-redis-"));
  // As in an installation: Redis' user must pass through to its own folder.
  chmodSync(folder, 0o711);
  const runtime = path.join(folder, "redis");
  const redis = await prepareRedis(runtime);
  assert.ok(redis, "redis-server is installed");
  const around = { record: openProcessRecord(path.join(folder, "processes.json")), log: openBoundedLog(path.join(folder, "redis.log")) };
  const child = superviseChild(redis.plan, { ...around, onCrash: () => undefined });
  try {
    assert.equal(await redis.answers(10_000), true);
    assert.equal(statSync(runtime).mode & 0o077, 0);
  } finally {
    await child.stop();
  }
  assert.equal(await redis.answers(1), false);
  rmSync(folder, { recursive: true, force: true });
});
