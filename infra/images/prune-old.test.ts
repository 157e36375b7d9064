import assert from "node:assert/strict";
import { mkdtemp, mkdir, readdir, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pruneOld } from "./prune-old.ts";

const NOW = Date.UTC(2026, 0, 1);
const MINUTE_MS = 60_000;

test("keeps the newest, and whatever is younger than ten minutes", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "prune-"));
  context.after(() => rm(folder, { recursive: true }));
  const ages = { newest: 1, second: 5 * MINUTE_MS, fresh: 9 * MINUTE_MS, old: 11 * MINUTE_MS, oldest: 60 * MINUTE_MS };
  for (const [name, ageMs] of Object.entries(ages)) {
    await mkdir(join(folder, name));
    await utimes(join(folder, name), (NOW - ageMs) / 1_000, (NOW - ageMs) / 1_000);
  }
  await pruneOld(folder, 2, NOW);
  assert.deepEqual((await readdir(folder)).sort(), ["fresh", "newest", "second"]);
});
