import { AppError } from "@hostrouting/domain";
import { startLoop, type Logger } from "@hostrouting/runtime";
import { openStore, type Store } from "@hostrouting/store";

/** The store once its database has answered; the process starts, and stays, without it. */
export type ConnectedStore = { current(): Store; close(): Promise<void> };

const RETRY_MS = 500;
/** Nothing to do once connected: the pool replaces broken connections by itself. */
const IDLE_MS = 86_400_000;

/** Opens the store in the background, again and again until it succeeds. */
export function connectStore(databaseUrl: string, logger: Logger): ConnectedStore {
  let store: Store | undefined;
  const loop = startLoop({
    name: "connect-store",
    logger,
    faultPauseMs: RETRY_MS,
    round: async () => {
      if (store !== undefined) return IDLE_MS;
      store = await openStore(databaseUrl, (error) => logger.warn({ err: error }, "a database connection broke"));
      logger.info("database is open");
      return IDLE_MS;
    },
  });
  return {
    current() {
      if (store === undefined) throw new AppError("store.unavailable", { say: "The database has not answered yet" });
      return store;
    },
    async close() {
      await loop.stop();
      await store?.close();
    },
  };
}
