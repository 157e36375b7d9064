import { Kysely, PostgresDialect, sql, type PostgresPool, type PostgresPoolClient } from "kysely";
import { AppError, isTerminal, type OperationId } from "@hostrouting/domain";
import type { Tables } from "./tables.ts";

/** The store inside a transaction that is never committed: whatever is asked of it takes effect there, and nowhere else. */
export type Trial<Stores> = {
  readonly store: Stores;
  /** Runs one request. If it throws, what it did is taken back and the trial goes on. */
  attempt<T>(work: () => Promise<T>): Promise<T>;
  /** Plays the worker: the operation has succeeded, for this trial. */
  settle(id: OperationId): Promise<void>;
};

/** Nobody may wait for the locks of a trial for longer than this, nor a trial for anybody's. */
const LOCK_TIMEOUT_MS = 2_000;

/** Transactions of the store become savepoints of the one transaction that there is. */
const INNER: Readonly<Record<string, string>> = {
  begin: "savepoint inner_transaction",
  commit: "release savepoint inner_transaction",
  rollback: "rollback to savepoint inner_transaction",
};

/**
 * A pool with one connection, which is never given back.
 * @param isOver a request that is late must not write through the connection once it serves others again.
 */
function poolOf(client: PostgresPoolClient, isOver: () => boolean): PostgresPool {
  const inner = new Proxy(client, {
    get(target, name) {
      if (name === "release") return () => undefined;
      if (name === "query")
        return async (text: string, values: readonly unknown[]) => {
          if (isOver()) throw new AppError("store.trial-over", { say: "The trial that this request belongs to has ended" });
          return target.query(INNER[text] ?? text, values);
        };
      return Reflect.get(target, name) as unknown;
    },
  });
  return { connect: async () => inner, end: async () => undefined, options: {} } as unknown as PostgresPool;
}

function trialOn(db: Kysely<Tables>, run: (statement: string) => Promise<unknown>): Omit<Trial<never>, "store"> {
  return {
    async attempt(work) {
      await run("savepoint attempt");
      try {
        const result = await work();
        await run("release savepoint attempt");
        return result;
      } catch (error) {
        await run("rollback to savepoint attempt");
        throw error;
      }
    },
    async settle(id) {
      const operation = await db.selectFrom("operation").select("phase").where("id", "=", id).executeTakeFirst();
      if (operation === undefined || isTerminal(operation.phase)) return;
      await db
        .updateTable("operation")
        .set({ phase: "Succeeded", percent_complete: 100, ended_at: sql`clock_timestamp()` })
        .where("id", "=", id)
        .execute();
      await db
        .updateTable("managed_cluster")
        .set({ provisioning_state: "Succeeded", active_operation_id: null })
        .where("active_operation_id", "=", id)
        .execute();
    },
  };
}

/** Opens a trial on a connection of its own and takes everything back at its end, however it ends. */
export async function runTrial<Stores, T>(
  client: PostgresPoolClient,
  storesOn: (db: Kysely<Tables>) => Stores,
  work: (trial: Trial<Stores>) => Promise<T>,
): Promise<T> {
  let isOver = false;
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: poolOf(client, () => isOver) }) });
  const run = (statement: string): Promise<unknown> => client.query(statement, []);
  try {
    await run("begin");
    await run(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
    // The audit is told nothing: an entry would lock its chain for as long as the trial takes.
    await run("set local hostrouting.trial = 'on'");
    return await work({ store: storesOn(db), ...trialOn(db, run) });
  } finally {
    isOver = true;
    await run("rollback").finally(() => client.release());
  }
}
