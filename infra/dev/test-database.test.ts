import assert from "node:assert/strict";
import { test } from "node:test";
import { openStore } from "@hostrouting/store";
import { startTestDatabase } from "./test-database.ts";

test("a private Postgres answers on its socket, and leaves nothing", async () => {
  const database = await startTestDatabase();
  try {
    const store = await openStore(database.url, () => undefined);
    await store.ping();
    await store.close();
  } finally {
    await database.stop();
  }
  await assert.rejects(openStore(database.url, () => undefined));
});
