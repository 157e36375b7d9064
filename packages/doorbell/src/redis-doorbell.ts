import { as, explain, type ClusterId } from "@hostrouting/domain";
import type { Logger } from "@hostrouting/runtime";
import { Queue, Worker, type JobsOptions } from "bullmq";
import type { Answer, Doorbell } from "./doorbell.ts";
import { endClient, RedisLink } from "./redis-link.ts";

/** Braces: all keys of the queue lie in one slot of a Redis Cluster. */
const PREFIX = "{acns-hostrouting}";
const QUEUE = "doorbell";
/** No request waits longer than this for a bell. */
const RING_TIMEOUT_MS = 1_000;
const CLOSE_TIMEOUT_MS = 2_000;
/** A ring holds its place while the cluster is looked at, which is mostly waiting; the worker itself limits how many rounds run at once. */
const RINGS_AT_ONCE_MAX = 256;
/** 100, 200, 400, 800, 1600 ms, each less by up to half: where another process holds the cluster, one of these rings finds it, or the sweep does. */
const ATTEMPTS = { attempts: 6, backoff: { type: "exponential", delay: 100, jitter: 0.5 } } as const;
/** What is kept of rings that are over, to look at; and of the queue's own events. */
const KEPT = { removeOnComplete: { age: 3600, count: 200 }, removeOnFail: { age: 86_400, count: 200 } } as const;
const EVENTS_MAX = 1_000;
/** A Redis that is full or restarts says so many times a second. */
const SAY_AGAIN_MS = 10_000;

type Ring = { readonly clusterId: ClusterId };

class HeldElsewhere extends Error {}

/** One ring of a cluster waits at most, and one more is kept while it is being looked at. */
function ringOptions(clusterId: ClusterId): JobsOptions {
  return { ...ATTEMPTS, ...KEPT, deduplication: { id: clusterId, keepLastIfActive: true } };
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No answer within ${ms} ms`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Logs a problem at once, and whatever follows it within ten seconds not at all. */
function sparingly(logger: Logger, message: string): (error: Error) => void {
  let quietUntil = 0;
  return (error) => {
    if (performance.now() < quietUntil) return;
    quietUntil = performance.now() + SAY_AGAIN_MS;
    logger.warn({ problem: explain(error) }, message);
  };
}

/** The ringing side: an answer within a second or a failure, never a queue in memory. */
function ringer(url: string, logger: Logger) {
  const options = { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: RING_TIMEOUT_MS };
  const link = new RedisLink(url, options, { logger, onState: () => undefined });
  const queue = new Queue<Ring>(QUEUE, { connection: link.client, prefix: PREFIX, streams: { events: { maxLen: EVENTS_MAX } } });
  queue.on("error", () => undefined);
  /** Rings that nobody has sent yet: another one for the same cluster says nothing new. */
  const waiting = new Set<ClusterId>();
  return {
    link,
    waiting,
    async send(clusterId: ClusterId): Promise<void> {
      waiting.add(clusterId);
      await link.working().finally(() => waiting.delete(clusterId));
      await queue.add("look", { clusterId }, ringOptions(clusterId));
    },
    async close(): Promise<void> {
      await within(CLOSE_TIMEOUT_MS, queue.close()).catch(() => undefined);
      link.close();
    },
  };
}

/** The hearing side: takes rings while Redis may be used, and comes back to it by itself. */
function hearer(url: string, logger: Logger, take: (clusterId: ClusterId) => Promise<Answer>) {
  let begun = false;
  const complain = sparingly(logger, "a ring could not be taken; the sweep will find its cluster");
  const link = new RedisLink(
    url,
    { maxRetriesPerRequest: null },
    {
      logger,
      onState(state) {
        if (state === "Refused" && begun) void worker.pause(true).catch(complain);
        if (state !== "Working") return;
        if (begun) return void worker.resume();
        begun = true;
        worker.run().catch(complain);
      },
    },
  );
  const worker = new Worker<Ring>(
    QUEUE,
    async ({ data }) => {
      if ((await take(as<ClusterId>(String(data.clusterId)))) === "HeldElsewhere")
        throw new HeldElsewhere("another process holds the cluster");
    },
    { connection: link.client, prefix: PREFIX, autorun: false, concurrency: RINGS_AT_ONCE_MAX, runRetryDelay: 1_000, ...KEPT },
  );
  worker.on("error", complain);
  return {
    link,
    async close(): Promise<void> {
      const closed = worker.close();
      // A command that waits for a Redis that is away ends with its connection; closing once more would answer with the same wait.
      const end = async (): Promise<void> => {
        link.close();
        const blocking = await worker.getBackend().blockingClient;
        if (blocking !== undefined) await endClient(blocking);
        await closed;
      };
      await within(CLOSE_TIMEOUT_MS, closed).catch(() => within(CLOSE_TIMEOUT_MS, end()).catch(complain));
      link.close();
    },
  };
}

/**
 * The doorbell on BullMQ: a queue with one entry for each cluster that was rung for. One process gets a ring; where another one holds the cluster, the ring is
 * tried again. Everything in Redis may be lost at any moment: the sweep over due clusters finds what no bell rang for.
 */
export function redisDoorbell(url: string, logger: Logger): Doorbell {
  let sent = 0;
  let failed = 0;
  let heard = 0;
  let ringing: ReturnType<typeof ringer> | undefined;
  let hearing: ReturnType<typeof hearer> | undefined;
  return {
    async ring(clusterId) {
      ringing ??= ringer(url, logger);
      if (ringing.waiting.has(clusterId)) return;
      try {
        await within(RING_TIMEOUT_MS, ringing.send(clusterId));
        sent += 1;
      } catch (error) {
        failed += 1;
        logger.warn({ problem: explain(error), clusterId }, "could not ring; the sweep will find the cluster");
      }
    },
    async hear(listener) {
      hearing ??= hearer(url, logger, (clusterId) => {
        heard += 1;
        return listener(clusterId);
      });
    },
    figures() {
      const states = [ringing, hearing].flatMap((side) => (side === undefined ? [] : [side.link.state]));
      const state = (["Refused", "Away"] as const).find((bad) => states.includes(bad)) ?? "Working";
      return { state, sent, failed, heard };
    },
    async close() {
      await Promise.all([ringing?.close(), hearing?.close()]);
    },
  };
}
