import {
  as,
  clusterAsItWas,
  isTerminal,
  type ClusterId,
  type Instant,
  type Operation,
  type Provider,
  type Provisioning,
  type ProvisioningClaim,
  type ProvisioningOutcome,
} from "@hostrouting/domain";
import { sql, type Kysely, type RawBuilder, type Transaction } from "kysely";
import { toManagedCluster } from "./cluster-row.ts";
import { appendHistory } from "./history.ts";
import { toOperation } from "./operations.ts";
import { judgeOutcome, operationAfter, withProvisionedFacts, type ProvisioningEffect } from "./provisioning-outcome.ts";
import { isHeld, readProvisioning, toProvisioning } from "./provisioning-row.ts";
import { removeCluster } from "./remove-cluster.ts";
import type { Tables } from "./tables.ts";

/** Who asks for work, for how long at first, and how much. */
export type ClaimRequest = { readonly provider: Provider; readonly holder: string; readonly leaseMs: number; readonly limit: number };

/** `LeaseLost`: somebody else has it now, or nobody: nothing was written. `Superseded`: something else is wished for; the claim is over, claim again. */
export type ProvisioningRecorded = "Recorded" | "LeaseLost" | "Superseded";

/**
 * The port of providers: processes that make, change and remove clusters of one kind. Level-triggered: what a claim carries is all that is wished for,
 * also if the provider was away or was killed meanwhile; doing it twice must come to the same. Only the database's clock counts.
 */
export type ProvisioningStore = {
  /** Clusters of this provider that are due and in nobody's hands, the longest due first. */
  claim(request: ClaimRequest): Promise<ProvisioningClaim[]>;
  /** Extends a claim; false when it is lost, or something else is wished for by now: then stop, and `record` what is (Later) to be rid of it. */
  renew(claim: ProvisioningClaim, leaseMs: number): Promise<boolean>;
  /** Writes a provider's word in one transaction with what it means for the operation and the cluster. All but `Progress` end the claim. */
  record(claim: ProvisioningClaim, outcome: ProvisioningOutcome): Promise<ProvisioningRecorded>;
  /**
   * All clusters that are as wished become due, as after a start of the provider's machine; and those that were there before what was asked for last
   * failed or was canceled, to be brought back as they were.
   */
  wake(provider: Provider): Promise<void>;
  /** Every cluster of this provider that there is or is to be: what else the provider finds is left over and may be removed. */
  known(provider: Provider): Promise<ClusterId[]>;
  /** Absent for clusters that were registered, which no provider makes or removes. */
  get(clusterId: ClusterId): Promise<Provisioning | undefined>;
};

const now = sql<Date>`clock_timestamp()`;

function inMs(ms: number | undefined): RawBuilder<Date> {
  return ms === undefined ? sql<Date>`'infinity'::timestamptz` : sql<Date>`clock_timestamp() + ${ms} * interval '1 millisecond'`;
}

/** What failed or was canceled is not tried again, but a cluster that was there before is looked after. */
const mayBeDue = sql<boolean>`(phase <> 'Stopped' or (present and facts is not null))`;

async function claim(tx: Transaction<Tables>, { provider, holder, leaseMs, limit }: ClaimRequest): Promise<ProvisioningClaim[]> {
  const due = tx
    .selectFrom("provisioning")
    .select("cluster_id")
    .where("provider", "=", provider)
    .where(mayBeDue)
    .where("look_again_at", "<=", now)
    .where((where) => where.or([where("expires_at", "is", null), where("expires_at", "<=", now)]))
    .orderBy("look_again_at")
    .limit(limit)
    .forUpdate()
    .skipLocked();
  const rows = await tx
    .updateTable("provisioning")
    .set((set) => ({ holder, token: set("token", "+", 1), expires_at: inMs(leaseMs) }))
    .where("cluster_id", "in", due)
    .returningAll()
    .execute();
  const claims: ProvisioningClaim[] = [];
  for (const row of rows) {
    const found = await tx.selectFrom("managed_cluster").selectAll().where("id", "=", row.cluster_id).executeTakeFirstOrThrow();
    const cluster = toManagedCluster(found);
    claims.push({
      clusterId: row.cluster_id,
      provider,
      holder,
      token: as(row.token),
      expiresAt: as<Instant>(row.expires_at?.getTime() ?? 0),
      phase: row.phase,
      present: row.present,
      generation: row.wanted,
      attempts: row.attempts,
      cluster: row.phase === "Stopped" && row.facts ? clusterAsItWas(cluster, row.facts) : cluster,
      facts: row.facts ?? undefined,
    });
  }
  return claims;
}

async function writeOperation(tx: Transaction<Tables>, operation: Operation): Promise<void> {
  const ended = isTerminal(operation.phase);
  await tx
    .updateTable("operation")
    .set({
      phase: operation.phase,
      percent_complete: operation.percentComplete,
      error: operation.error === undefined ? null : JSON.stringify(operation.error),
      control: JSON.stringify(operation.control),
      revision: operation.revision,
      ended_at: ended ? sql`clock_timestamp()` : null,
    })
    .where("id", "=", operation.id)
    .execute();
  if (!ended) return;
  await tx
    .updateTable("managed_cluster")
    .set({ provisioning_state: operation.phase as "Succeeded" | "Failed", active_operation_id: null })
    .where("id", "=", operation.clusterId)
    .execute();
}

async function writeRow(tx: Transaction<Tables>, clusterId: ClusterId, { row }: ProvisioningEffect): Promise<void> {
  await tx
    .updateTable("provisioning")
    .set({
      phase: row.phase,
      done: row.done,
      attempts: row.attempts,
      said: row.said,
      facts: row.facts === undefined ? null : JSON.stringify(row.facts),
      ...(row.releases ? { holder: null, expires_at: null, look_again_at: inMs(row.lookAgainInMs) } : {}),
    })
    .where("cluster_id", "=", clusterId)
    .execute();
  await tx.updateTable("cluster_round").set({ look_again_at: now }).where("cluster_id", "=", clusterId).execute();
}

async function record(
  tx: Transaction<Tables>,
  given: ProvisioningClaim,
  outcome: ProvisioningOutcome,
): Promise<{ recorded: ProvisioningRecorded }> {
  const { clusterId, token, holder } = given;
  // The cluster's row first, as requests and rounds lock it too.
  const locked = await tx.selectFrom("managed_cluster").selectAll().where("id", "=", clusterId).forUpdate().executeTakeFirst();
  const row = await tx
    .selectFrom("provisioning")
    .selectAll()
    .select(isHeld)
    .where("cluster_id", "=", clusterId)
    .where("token", "=", token)
    .where("holder", "=", holder)
    .where("expires_at", ">", now)
    .forUpdate()
    .executeTakeFirst();
  if (locked === undefined || row === undefined) return { recorded: "LeaseLost" };
  const effect = judgeOutcome(toProvisioning(row), given, outcome);
  await writeRow(tx, clusterId, effect);
  if (effect.facts !== undefined)
    await tx
      .updateTable("managed_cluster")
      .set({
        properties: JSON.stringify(withProvisionedFacts(locked.properties, effect.facts)),
        access_reference: effect.facts.credentials.worker,
      })
      .where("id", "=", clusterId)
      .execute();
  const active =
    locked.active_operation_id === null
      ? undefined
      : await tx.selectFrom("operation").selectAll().where("id", "=", locked.active_operation_id).forUpdate().executeTakeFirst();
  const operation = operationAfter(active && toOperation(active), effect.operation);
  if (operation !== undefined) await writeOperation(tx, operation);
  if (row.phase === "Pending" && outcome.kind !== "Progress")
    await appendHistory(tx, clusterId, [{ kind: `Provisioning${outcome.kind}`, data: { generation: given.generation, by: holder } }]);
  if (effect.removes) await removeCluster(tx, clusterId);
  return { recorded: effect.superseded ? "Superseded" : "Recorded" };
}

/** Work of providers on Postgres. */
export function provisioningStore(db: Kysely<Tables>): ProvisioningStore {
  return {
    claim: (request) => db.transaction().execute((tx) => claim(tx, request)),
    async renew({ clusterId, token, holder, generation, present, phase }, leaseMs) {
      const renewed = await db
        .updateTable("provisioning")
        .set({ expires_at: inMs(leaseMs) })
        .where("cluster_id", "=", clusterId)
        .where("token", "=", token)
        .where("holder", "=", holder)
        .where("expires_at", ">", now)
        .where("phase", phase === "Stopped" ? "=" : "!=", "Stopped")
        .where("wanted", "=", generation)
        .where("present", "=", present)
        .executeTakeFirst();
      return renewed.numUpdatedRows === 1n;
    },
    record: async (given, outcome) => (await db.transaction().execute((tx) => record(tx, given, outcome))).recorded,
    async wake(provider) {
      await db
        .updateTable("provisioning")
        .set({ look_again_at: now })
        .where("provider", "=", provider)
        .where("phase", "!=", "Pending")
        .where(mayBeDue)
        .execute();
    },
    async known(provider) {
      const rows = await db
        .selectFrom("provisioning")
        .select("cluster_id")
        .where("provider", "=", provider)
        .orderBy("cluster_id")
        .execute();
      return rows.map((row) => row.cluster_id);
    },
    get: (clusterId) => readProvisioning(db, clusterId),
  };
}
