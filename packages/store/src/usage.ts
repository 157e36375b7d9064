import {
  as,
  chargesUntil,
  meterRound,
  sumUsage,
  type ClusterId,
  type DailyUsage,
  type EnabledNode,
  type Instant,
  type UsageInterval,
  type UsageRound,
} from "@hostrouting/domain";
import { sql, type Kysely, type Selectable, type Transaction } from "kysely";
import type { Tables } from "./tables.ts";

/** Rows in one statement; ten thousand parameters are far below Postgres' 65,535. */
const ROWS_PER_STATEMENT = 1_000;

/** How long nodes were enabled. */
export type UsageStore = {
  /**
   * By day and pool, from one UTC day to another, both included (`YYYY-MM-DD`), in that order. What goes on is counted until now; `now` is the
   * database's.
   */
  read(
    clusterId: ClusterId,
    range: { readonly from: string; readonly to: string },
  ): Promise<{ usage: readonly DailyUsage[]; now: Instant }>;
};

function toInterval(row: Selectable<Tables["usage_interval"]>): UsageInterval {
  return {
    uid: row.node_uid,
    bootId: row.boot_id,
    pool: row.pool,
    openedAt: as<Instant>(row.opened_at.getTime()),
    chargedUntil: as<Instant>(row.charged_until.getTime()),
  };
}

async function openIntervals(db: Kysely<Tables>, clusterId: ClusterId): Promise<readonly UsageInterval[]> {
  const rows = await db
    .selectFrom("usage_interval")
    .selectAll()
    .where("cluster_id", "=", clusterId)
    .where("closed_at", "is", null)
    .execute();
  return rows.map(toInterval);
}

/**
 * Writes what a round makes of the usage of a cluster, in the round's transaction and by the database's clock. To the millisecond, as intervals are
 * compared.
 * @param enabled undefined when nobody could look.
 */
export async function recordUsage(
  tx: Transaction<Tables>,
  clusterId: ClusterId,
  enabled: readonly EnabledNode[] | undefined,
): Promise<void> {
  const open = await openIntervals(tx, clusterId);
  if (open.length === 0 && (enabled?.length ?? 0) === 0) return;
  const { now, seenAt } = await tx
    .selectFrom("cluster_round")
    .select([sql<Date>`date_trunc('milliseconds', clock_timestamp())`.as("now"), "usage_seen_at as seenAt"])
    .where("cluster_id", "=", clusterId)
    .executeTakeFirstOrThrow();
  const at = as<Instant>(now.getTime());
  const round = meterRound({ open, enabled, seenAt: seenAt === null ? undefined : as<Instant>(seenAt.getTime()), now: at });
  await writeRound(tx, clusterId, round);
  if (enabled !== undefined)
    await tx.updateTable("cluster_round").set({ usage_seen_at: now }).where("cluster_id", "=", clusterId).execute();
}

async function writeRound(tx: Transaction<Tables>, clusterId: ClusterId, { opened, settled, closed, charges }: UsageRound): Promise<void> {
  const where = ({ uid, openedAt }: UsageInterval) => ({ cluster_id: clusterId, node_uid: uid, opened_at: new Date(openedAt) });
  for (const { interval, closedAt } of closed)
    await change(tx, where(interval), { closed_at: new Date(closedAt), charged_until: new Date(closedAt) });
  await settle(tx, clusterId, settled);
  for (const rows of inParts(opened))
    await tx
      .insertInto("usage_interval")
      .values(
        rows.map((interval) => ({
          ...where(interval),
          boot_id: interval.bootId,
          pool: interval.pool,
          charged_until: new Date(interval.chargedUntil),
          closed_at: null,
        })),
      )
      .execute();
  for (const rows of inParts(charges))
    await tx
      .insertInto("usage_charge")
      .values(rows.map(({ interval, day, ms }) => ({ ...where(interval), day, ms, is_correction: ms < 0, pool: interval.pool })))
      .execute();
}

/** All days that are over are charged, so they are settled until the same midnight. */
async function settle(tx: Transaction<Tables>, clusterId: ClusterId, settled: UsageRound["settled"]): Promise<void> {
  const [first] = settled;
  if (first === undefined) return;
  const today = new Date(first.chargedUntil);
  await tx
    .updateTable("usage_interval")
    .set({ charged_until: today })
    .where("cluster_id", "=", clusterId)
    .where("closed_at", "is", null)
    .where("charged_until", "<", today)
    .execute();
}

async function change(
  tx: Transaction<Tables>,
  key: Pick<Tables["usage_interval"], "cluster_id" | "node_uid" | "opened_at">,
  values: Partial<Pick<Tables["usage_interval"], "closed_at" | "charged_until">>,
): Promise<void> {
  await tx
    .updateTable("usage_interval")
    .set(values)
    .where("cluster_id", "=", key.cluster_id)
    .where("node_uid", "=", key.node_uid)
    .where("opened_at", "=", key.opened_at)
    .execute();
}

function inParts<T>(all: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / ROWS_PER_STATEMENT) }, (_, part) =>
    all.slice(part * ROWS_PER_STATEMENT, (part + 1) * ROWS_PER_STATEMENT),
  );
}

/** Usage on Postgres. */
export function usageStore(db: Kysely<Tables>): UsageStore {
  return {
    read: (clusterId, { from, to }) =>
      db
        .transaction()
        .setIsolationLevel("repeatable read")
        .execute(async (tx) => {
          const charged = await tx
            .selectFrom("usage_charge")
            .select([
              sql<string>`day::text`.as("day"),
              "pool",
              sql<number>`sum(ms)::bigint`.as("ms"),
              sql<number>`coalesce(sum(ms) filter (where is_correction), 0)::bigint`.as("correctionsMs"),
            ])
            .where("cluster_id", "=", clusterId)
            .where("day", ">=", from)
            .where("day", "<=", to)
            .groupBy(["day", "pool"])
            .execute();
          const open = await openIntervals(tx, clusterId);
          const { rows } = await sql<{ now: Date }>`select date_trunc('milliseconds', clock_timestamp()) as now`.execute(tx);
          const now = as<Instant>(rows[0]?.now.getTime() ?? 0);
          return { usage: withRunning(charged, { open, now, from, to }), now };
        }),
  };
}

/** What was charged, and what goes on since. Pure. */
export function withRunning(
  charged: readonly DailyUsage[],
  given: { readonly open: readonly UsageInterval[]; readonly now: Instant; readonly from: string; readonly to: string },
): readonly DailyUsage[] {
  const running = given.open
    .flatMap((interval) => chargesUntil(interval, given.now))
    .filter(({ day }) => day >= given.from && day <= given.to)
    .map(({ interval, day, ms }) => ({ day, pool: interval.pool, ms }));
  const corrections = new Map(charged.map(({ day, pool, correctionsMs }) => [`${day} ${pool}`, correctionsMs]));
  return sumUsage([...charged, ...running]).map((sum) => ({ ...sum, correctionsMs: corrections.get(`${sum.day} ${sum.pool}`) ?? 0 }));
}
