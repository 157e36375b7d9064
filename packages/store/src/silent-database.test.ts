import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openStore } from "./open-store.ts";
import { makeTestStore } from "./testing/test-store.ts";

/** Stands between a store and its database; once silent it takes everything and passes on nothing, as a host does that is gone without a word. */
async function startRelay(databaseUrl: string) {
  const url = new URL(databaseUrl);
  const host = url.searchParams.get("host") ?? url.hostname;
  const port = Number(url.searchParams.get("port") ?? (url.port || 5432));
  const folder = mkdtempSync(join(tmpdir(), "relay-"));
  const sockets = new Set<Socket>();
  const state = { isSilent: false };
  const pass = (from: Socket, to: Socket): void => {
    sockets.add(from);
    from.on("data", (bytes: Buffer) => void (state.isSilent || to.write(bytes)));
    from.on("error", () => undefined).on("close", () => to.destroy());
  };
  const server = createServer((socket) => {
    const database = host.startsWith("/") ? connect(join(host, `.s.PGSQL.${port}`)) : connect(port, host);
    pass(socket, database);
    pass(database, socket);
  });
  await new Promise<void>((resolve) => server.listen(join(folder, ".s.PGSQL.5432"), resolve));
  url.hostname = "";
  url.port = "";
  url.searchParams.set("host", folder);
  url.searchParams.delete("port");
  const close = (): void => {
    for (const socket of sockets) socket.destroy();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { url: url.href, state, close };
}

test("a connection on which the database falls silent is given up, and the next call goes over another one", async () => {
  const tested = await makeTestStore();
  const relay = await startRelay(tested.url);
  const store = await openStore(relay.url, () => {}, 500);
  try {
    await store.ping();
    relay.state.isSilent = true;
    const outcome = store.rounds.due(1).then(
      () => "answered",
      () => "gave up",
    );
    const late = new Promise<string>((resolve) => setTimeout(resolve, 5_000, "still waits").unref());
    assert.equal(await Promise.race([outcome, late]), "gave up");
    relay.state.isSilent = false;
    assert.deepEqual(await store.leases.acquire(tested.clusterId, "w", 1_000).then((lease) => lease?.holder), "w");
  } finally {
    relay.close();
    await store.close();
    await tested.close();
  }
});
