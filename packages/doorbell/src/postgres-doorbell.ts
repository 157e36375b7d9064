import { as, type ClusterId } from "@hostrouting/domain";
import type { Logger } from "@hostrouting/runtime";
import { Client } from "pg";
import type { Answer, Doorbell } from "./doorbell.ts";

const CHANNEL = "hostrouting_doorbell";
/** A lost connection is tried again this often; the worker's sweep covers the gap. */
const RECONNECT_PAUSE_MS = 1_000;

/** The doorbell on Postgres' LISTEN/NOTIFY: one connection per side, opened when first needed and again whenever it breaks. */
export function postgresDoorbell(databaseUrl: string, logger: Logger): Doorbell {
  let closed = false;
  let listener: ((clusterId: ClusterId) => Promise<Answer>) | undefined;
  const counted = { sent: 0, failed: 0, heard: 0 };
  let connected: Promise<Client> | undefined;
  let retry: NodeJS.Timeout | undefined;

  async function connect(): Promise<Client> {
    const client = new Client({ connectionString: databaseUrl, keepAlive: true });
    const lost = (error?: Error): void => {
      if (error) logger.warn({ err: error }, "the doorbell's connection broke");
      connected = undefined;
      if (!closed && listener !== undefined && retry === undefined)
        retry = setTimeout(() => {
          retry = undefined;
          connection().catch(lost);
        }, RECONNECT_PAUSE_MS);
    };
    client.on("error", lost);
    client.on("end", () => lost());
    client.on("notification", (message) => {
      counted.heard += 1;
      // Everybody hears every ring, so whoever holds the cluster does too: what the others answer changes nothing.
      void listener?.(as<ClusterId>(message.payload ?? ""));
    });
    await client.connect();
    if (listener !== undefined) await client.query(`listen ${CHANNEL}`);
    return client;
  }

  function connection(): Promise<Client> {
    connected ??= connect().catch((error: unknown) => {
      connected = undefined;
      throw error;
    });
    return connected;
  }

  /** Rings that nobody has sent yet: another one for the same cluster says nothing new. */
  const waiting = new Set<ClusterId>();
  let turn: Promise<void> = Promise.resolve();

  /** One connection takes one statement at a time. */
  async function send(clusterId: ClusterId): Promise<void> {
    const client = await connection();
    waiting.delete(clusterId);
    await client.query("select pg_notify($1, $2)", [CHANNEL, clusterId]);
  }

  return {
    async ring(clusterId) {
      if (waiting.has(clusterId)) return;
      waiting.add(clusterId);
      const mine = turn.then(() => send(clusterId));
      turn = mine.catch(() => undefined);
      try {
        await mine;
        counted.sent += 1;
      } catch (error) {
        waiting.delete(clusterId);
        counted.failed += 1;
        logger.warn({ err: error, clusterId }, "could not ring; the sweep will find the cluster");
      }
    },
    async hear(newListener) {
      listener = newListener;
      connected = undefined;
      await connection();
    },
    figures: () => ({ state: connected === undefined && (counted.failed > 0 || listener !== undefined) ? "Away" : "Working", ...counted }),
    async close() {
      closed = true;
      clearTimeout(retry);
      await connected?.then((client) => client.end()).catch(() => undefined);
    },
  };
}
