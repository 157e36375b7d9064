import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** A door between a process and its database, for tests to slam. */
export type DatabaseDoor = {
  /** URL of the database through the door. */
  readonly url: string;
  /** Everything passes. Connections that hung before are cut. */
  open(): void;
  /** As after `kill -9` of the server: connections break, new ones are cut at once. */
  slam(): void;
  /** As after `kill -STOP`: connections stay, nothing answers. */
  freeze(): void;
  close(): Promise<void>;
};

/** Where a libpq URL leads: a unix socket for `?host=/folder`, TCP otherwise. */
function targetOf(url: URL): { path: string } | { host: string; port: number } {
  const folder = url.searchParams.get("host");
  const port = Number(url.port || url.searchParams.get("port") || 5432);
  return folder?.startsWith("/") ? { path: `${folder}/.s.PGSQL.${port}` } : { host: folder ?? url.hostname, port };
}

/** Opens a door on a free port of loopback. */
export async function openDatabaseDoor(databaseUrl: string): Promise<DatabaseDoor> {
  const target = new URL(databaseUrl);
  let mode: "open" | "slammed" | "frozen" = "open";
  const pairs = new Set<readonly [Socket, Socket | undefined]>();
  const cut = (): void => {
    for (const pair of pairs) for (const socket of pair) socket?.destroy();
    pairs.clear();
  };
  const server = createServer((inner) => {
    if (mode === "slammed") {
      inner.destroy();
      return;
    }
    const outer = mode === "open" ? connect(targetOf(target)) : undefined;
    const pair = [inner, outer] as const;
    pairs.add(pair);
    for (const socket of pair) socket?.on("error", () => undefined).on("close", () => pair.forEach((one) => one?.destroy()));
    if (outer !== undefined) inner.pipe(outer).pipe(inner);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = new URL(databaseUrl);
  url.searchParams.delete("host");
  url.hostname = "127.0.0.1";
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.toString(),
    open() {
      if (mode !== "open") cut();
      mode = "open";
    },
    slam() {
      mode = "slammed";
      cut();
    },
    freeze() {
      mode = "frozen";
      for (const [inner, outer] of pairs) {
        inner.unpipe().pause();
        outer?.unpipe().pause();
      }
    },
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
