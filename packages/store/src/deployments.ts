import {
  as,
  isDeploymentOver,
  type Deployment,
  type DeploymentError,
  type DeploymentId,
  type DeploymentLease,
  type DeploymentStep,
  type FencingToken,
  type Instant,
  type OperationId,
} from "@hostrouting/domain";
import { sql, type Kysely, type RawBuilder, type Selectable, type Transaction } from "kysely";
import { appendAudit, type AuditEntry } from "./audit.ts";
import { isHeld, writeProgress, type DeploymentProgress } from "./deployment-progress.ts";
import type { Tables } from "./tables.ts";

/** A deployment as it is accepted. */
export type NewDeployment = Omit<Deployment, "state" | "outputs" | "error" | "startedAt" | "endedAt">;

/** Template deployments. Only the database's clock counts. `audit`: written in the transaction of its change, and not at all where there is none. */
export type DeploymentStore = {
  get(id: DeploymentId): Promise<Deployment | undefined>;
  /** The deployments of one group, ordered by id; `after` is the last id of the page before. */
  list(filter: { subscriptionId: string; resourceGroup: string; after?: DeploymentId; limit: number }): Promise<Deployment[]>;
  /** What a run has done, in the order in which it began. */
  steps(runId: OperationId): Promise<DeploymentStep[]>;
  /**
   * Keeps a new run, held by `holder` from the first moment: in place of an earlier one of the name, which must be over.
   * @returns `"Active"` when a run of that name is under way. Of two first runs at once the later is a lost race (unique violation).
   */
  accept(
    wanted: NewDeployment,
    holder: { name: string; durationMs: number },
    audit?: AuditEntry,
  ): Promise<{ lease: DeploymentLease; isNew: boolean } | "Active">;
  /** Takes up to `limit` runs that are not over and that nobody holds, under tokens higher than all before. */
  take(holder: string, durationMs: number, limit: number): Promise<DeploymentLease[]>;
  /** False when somebody else holds the run, it is over, or gone. */
  extend(lease: DeploymentLease, durationMs: number): Promise<boolean>;
  /** Gives a run back at once. */
  release(lease: DeploymentLease): Promise<void>;
  /** Writes what a holder did, all or nothing; `"Lost"` (and nothing written) when the run is not the holder's any more. */
  record(lease: DeploymentLease, progress: DeploymentProgress): Promise<"Recorded" | "Lost">;
  /** Ends a run as `Canceled`, and those nested in it that are under way; what their resources do goes on. */
  cancel(id: DeploymentId, error: DeploymentError, audit?: AuditEntry): Promise<"Canceled" | "Over" | "Absent">;
  /** Forgets a deployment; what it deployed stays. One that is under way is not forgotten. */
  remove(id: DeploymentId, audit?: AuditEntry): Promise<"Removed" | "Active" | "Absent">;
};

const instant = (at: Date): Instant => as<Instant>(at.getTime());
const now = sql<Date>`clock_timestamp()`;
const after = (ms: number): RawBuilder<Date> => sql<Date>`clock_timestamp() + ${ms} * interval '1 millisecond'`;

/** Deployments of one group that are remembered, those under way besides. */
const DEPLOYMENTS_KEPT = 800;
/** The type of nested deployments, as it stands in the ids of steps. */
const NESTED_TYPE = "microsoft.resources/deployments";

function toDeployment(row: Selectable<Tables["deployment"]>): Deployment {
  return {
    id: row.id,
    subscriptionId: row.subscription_id,
    resourceGroup: row.resource_group,
    name: row.name,
    runId: row.run_id,
    mode: row.mode,
    state: row.state,
    correlationId: row.correlation_id,
    templateHash: row.template_hash,
    principal: row.principal,
    input: row.input,
    shown: row.shown,
    hasSecrets: row.has_secrets,
    outputs: row.outputs ?? undefined,
    error: row.error ?? undefined,
    startedAt: instant(row.started_at),
    endedAt: row.ended_at === null ? undefined : instant(row.ended_at),
  };
}

function toStep(row: Selectable<Tables["deployment_step"]>): DeploymentStep {
  return {
    key: row.key,
    id: row.id,
    kind: row.kind,
    target: row.target ?? undefined,
    state: row.state,
    statusCode: row.status_code ?? undefined,
    error: row.error ?? undefined,
    followUrl: row.follow_url ?? undefined,
    startedAt: instant(row.started_at),
    endedAt: row.ended_at === null ? undefined : instant(row.ended_at),
  };
}

function lock(tx: Transaction<Tables>, id: DeploymentId) {
  return tx.selectFrom("deployment").selectAll().where("id", "=", id).forUpdate().executeTakeFirst();
}

/** As Azure: the history of a group has an end. */
async function forgetOldest(tx: Transaction<Tables>, { subscriptionId, resourceGroup }: NewDeployment): Promise<void> {
  const tooMany = tx
    .selectFrom("deployment")
    .select("id")
    .where("subscription_id", "=", subscriptionId.toLowerCase())
    .where("resource_group_key", "=", resourceGroup.toLowerCase())
    .orderBy("started_at", "desc")
    .offset(DEPLOYMENTS_KEPT);
  await tx.deleteFrom("deployment").where("id", "in", tooMany).where("ended_at", "is not", null).execute();
}

async function accept(
  tx: Transaction<Tables>,
  wanted: NewDeployment,
  holder: { name: string; durationMs: number },
): ReturnType<DeploymentStore["accept"]> {
  const before = await lock(tx, wanted.id);
  if (before !== undefined && !isDeploymentOver(before.state)) return "Active";
  if (before !== undefined) await tx.deleteFrom("deployment").where("id", "=", wanted.id).execute();
  const token = (before?.token ?? 0) + 1;
  await tx
    .insertInto("deployment")
    .values({
      id: wanted.id,
      subscription_id: wanted.subscriptionId.toLowerCase(),
      resource_group: wanted.resourceGroup,
      resource_group_key: wanted.resourceGroup.toLowerCase(),
      name: wanted.name,
      run_id: wanted.runId,
      mode: wanted.mode,
      state: "Accepted",
      correlation_id: wanted.correlationId,
      template_hash: wanted.templateHash,
      principal: JSON.stringify(wanted.principal),
      input: JSON.stringify(wanted.input),
      shown: JSON.stringify(wanted.shown),
      has_secrets: wanted.hasSecrets,
      outputs: null,
      error: null,
      holder: holder.name,
      token,
      expires_at: after(holder.durationMs),
      ended_at: null,
    })
    .execute();
  await forgetOldest(tx, wanted);
  const lease = { deploymentId: wanted.id, runId: wanted.runId, holder: holder.name, token: as<FencingToken>(token) };
  return { lease, isNew: before === undefined };
}

async function take(db: Kysely<Tables>, holder: string, { durationMs, limit }: { durationMs: number; limit: number }) {
  const free = db
    .selectFrom("deployment")
    .select("id")
    .where("state", "in", ["Accepted", "Running"])
    .where("expires_at", "<=", now)
    .orderBy("expires_at")
    .limit(limit)
    .forUpdate()
    .skipLocked();
  const rows = await db
    .updateTable("deployment")
    .set((set) => ({ holder, token: set("token", "+", 1), expires_at: after(durationMs) }))
    .where("id", "in", free)
    .returning(["id", "run_id", "token"])
    .execute();
  return rows.map((row) => ({ deploymentId: row.id, runId: row.run_id, holder, token: as<FencingToken>(row.token) }));
}

async function cancel(tx: Transaction<Tables>, id: DeploymentId, error: DeploymentError): ReturnType<DeploymentStore["cancel"]> {
  const row = await lock(tx, id);
  if (row === undefined) return "Absent";
  if (isDeploymentOver(row.state)) return "Over";
  const canceled = { state: "Canceled", ended_at: now, error: JSON.stringify(error) } as const;
  await tx.updateTable("deployment").set(canceled).where("id", "=", id).execute();
  const stopped = await tx
    .updateTable("deployment_step")
    .set(canceled)
    .where("run_id", "=", row.run_id)
    .where("state", "=", "Running")
    .returning("target")
    .execute();
  for (const { target } of stopped)
    if (target?.resourceType.toLowerCase() === NESTED_TYPE) await cancel(tx, as<DeploymentId>(target.id.toLowerCase()), error);
  return "Canceled";
}

async function remove(tx: Transaction<Tables>, id: DeploymentId): ReturnType<DeploymentStore["remove"]> {
  const row = await lock(tx, id);
  if (row === undefined) return "Absent";
  if (!isDeploymentOver(row.state)) return "Active";
  await tx.deleteFrom("deployment").where("id", "=", id).execute();
  return "Removed";
}

/** Outcomes that change nothing. */
const REFUSED: ReadonlySet<unknown> = new Set(["Active", "Over", "Absent"]);
const isRefused = (outcome: unknown): boolean => REFUSED.has(outcome);

/** Template deployments on Postgres. */
export function deploymentStore(db: Kysely<Tables>): DeploymentStore {
  const within = <T>(work: (tx: Transaction<Tables>) => Promise<T>): Promise<T> => db.transaction().execute(work);
  const audited = <T>(entry: AuditEntry | undefined, work: (tx: Transaction<Tables>) => Promise<T>): Promise<T> =>
    within(async (tx) => {
      const result = await work(tx);
      // Last, since it holds the chain until the commit.
      if (entry !== undefined && !isRefused(result)) await appendAudit(tx, entry);
      return result;
    });
  return {
    async get(id) {
      const row = await db.selectFrom("deployment").selectAll().where("id", "=", id).executeTakeFirst();
      return row && toDeployment(row);
    },
    async list({ subscriptionId, resourceGroup, after: last, limit }) {
      let query = db
        .selectFrom("deployment")
        .selectAll()
        .where("subscription_id", "=", subscriptionId.toLowerCase())
        .where("resource_group_key", "=", resourceGroup.toLowerCase());
      if (last !== undefined) query = query.where("id", ">", last);
      return (await query.orderBy("id").limit(limit).execute()).map(toDeployment);
    },
    async steps(runId) {
      const rows = await db.selectFrom("deployment_step").selectAll().where("run_id", "=", runId).orderBy("started_at").execute();
      return rows.map(toStep);
    },
    accept: (wanted, holder, entry) => audited(entry, (tx) => accept(tx, wanted, holder)),
    take: (holder, durationMs, limit) => take(db, holder, { durationMs, limit }),
    async extend(lease, durationMs) {
      const set = { expires_at: after(durationMs) };
      const updated = await db.updateTable("deployment").set(set).where(isHeld(lease)).executeTakeFirst();
      return updated.numUpdatedRows === 1n;
    },
    async release(lease) {
      await db.updateTable("deployment").set({ expires_at: now }).where(isHeld(lease)).execute();
    },
    record: (lease, progress) => within((tx) => writeProgress(tx, lease, progress)),
    cancel: (id, error, entry) => audited(entry, (tx) => cancel(tx, id, error)),
    remove: (id, entry) => audited(entry, (tx) => remove(tx, id)),
  };
}
