import type {
  AccelerationMode,
  ClusterId,
  HistoryEntry,
  HostRoutingStatus,
  MaintenanceConfigurations,
  ManagedCluster,
  Operation,
  OperationControl,
  OperationError,
  OperationId,
  OperationKind,
  Provider,
  Provisioning,
  RolloutPolicy,
  UserCredentialReferences,
} from "@hostrouting/domain";
import { sql, type Kysely, type RawBuilder, type Transaction } from "kysely";
import { appendAudit, type AuditEntry } from "./audit.ts";
import { clusterJson, toManagedCluster, type ClusterRow } from "./cluster-row.ts";
import { conditionSql, type ClusterCondition } from "./cluster-condition.ts";
import { appendHistory, readHistory, type HistoryRow } from "./history.ts";
import { toOperation } from "./operations.ts";
import { statement } from "./prepared-statements.ts";
import { isHeld, readProvisioning, toProvisioning, type ProvisioningRow } from "./provisioning-row.ts";
import { removeCluster } from "./remove-cluster.ts";
import type { Tables } from "./tables.ts";

/** An operation to begin, in phase `Accepted`. */
export type NewOperation = {
  readonly id: OperationId;
  readonly kind: OperationKind;
  readonly mode: AccelerationMode;
  readonly generation: number;
  /** Of whoever asked; empty where nobody did: then the subscription's. */
  readonly tenantId: string;
  readonly objectId: string;
  /** Empty when absent. */
  readonly control?: OperationControl;
};

/**
 * A cluster under lock, with the operation that is under way on it, its own part of the rollout policy and its maintenance configurations. `last`: the
 * last operation, where it has not succeeded and none is under way.
 */
export type LockedCluster = {
  readonly cluster: ManagedCluster;
  /** What its provider is to do and has done; absent for clusters that were registered. */
  readonly provisioning?: Provisioning | undefined;
  readonly active: Operation | undefined;
  readonly last?: Operation | undefined;
  readonly rolloutPolicy: Partial<RolloutPolicy>;
  readonly maintenance: MaintenanceConfigurations;
};

/** Everything that one accepted request writes. */
export type ClusterChange = {
  /** The cluster's new values; absent when only the operation changes. */
  readonly cluster?: ManagedCluster;
  /** The cluster is new: there was none under lock. */
  readonly isNew?: boolean;
  /** What its provider is to bring about from now on: the cluster as it is in this generation, or that it is gone. */
  readonly provision?: { readonly provider: Provider; readonly present: boolean; readonly generation: number };
  /** Ends the running operation as `Canceled` with this error, because what begins now reverses it. */
  readonly supersede?: { readonly operationId: OperationId; readonly error: OperationError };
  /** Asks the running operation to wind down. */
  readonly requestCancel?: OperationId;
  /** What the running operation is asked for; a round that read it before does not count. */
  readonly control?: { readonly operationId: OperationId; readonly control: OperationControl };
  readonly begin?: NewOperation;
  readonly rolloutPolicy?: Partial<RolloutPolicy>;
  /** All of them: one that is missing is removed. */
  readonly maintenance?: MaintenanceConfigurations;
  readonly history: readonly HistoryEntry[];
  /** The cluster is known no longer, whatever is on its nodes; its history, charges and operations stay. */
  readonly forget?: true;
};

/**
 * Which clusters: `after` is the last id of the page before; `within`, when given: only those at or below one of these scopes (lower case); `matching`, when given:
 * only those for which it holds.
 */
export type ClusterFilter = {
  readonly subscriptionId: string;
  readonly resourceGroup?: string;
  readonly after?: ClusterId;
  readonly limit: number;
  readonly within?: readonly string[];
  readonly matching?: ClusterCondition;
};

/** Managed clusters: read, list, and changed under lock in one transaction. */
export type ClusterStore = {
  get(id: ClusterId): Promise<ManagedCluster | undefined>;
  /** Ordered by id. */
  list(filter: ClusterFilter): Promise<ManagedCluster[]>;
  /**
   * Locks the cluster's row, lets `decide` look at it, and writes what it answers in the same transaction; `decide` is pure and may run
   * only once. An absent cluster is `undefined`. Also makes the cluster due at once when an operation begins or is asked to cancel.
   * @param audit who asked for what; written with the change, and not at all where there is none.
   */
  change<R>(
    id: ClusterId,
    decide: (locked: LockedCluster | undefined) => { change?: ClusterChange; result: R },
    audit?: AuditEntry,
  ): Promise<R>;
  /**
   * Adds a cluster that somebody else made. When it is already known, how it is reached, how it is switched and where its users' kubeconfigs are is
   * renewed, and nothing else. @param credentials absent: its users ask whoever made it
   */
  register(cluster: ManagedCluster, policy: Partial<RolloutPolicy>, credentials?: UserCredentialReferences): Promise<void>;
  /** Where the kubeconfigs of the cluster's users are: as its provider said last, or as it was registered with. */
  credentials(id: ClusterId): Promise<UserCredentialReferences | undefined>;
  /** What the worker saw and decided last, and the part of the rollout policy that was set for this cluster. */
  status(id: ClusterId): Promise<{ status: HostRoutingStatus | undefined; rolloutPolicy: Partial<RolloutPolicy> }>;
  /** By name; none of an unknown cluster. */
  maintenance(id: ClusterId): Promise<MaintenanceConfigurations>;
  history(id: ClusterId, page: { afterSeq: number; limit: number }): Promise<HistoryRow[]>;
};

/** Where a provider wrote its users' kubeconfigs; none as long as it was never done. */
export function usersOf({ facts }: Provisioning): UserCredentialReferences | undefined {
  return facts && { user: facts.credentials.user, admin: facts.credentials.admin };
}

function toRow(cluster: ManagedCluster) {
  return {
    id: cluster.id,
    subscription_id: cluster.subscriptionId.toLowerCase(),
    resource_group: cluster.resourceGroup,
    resource_group_key: cluster.resourceGroup.toLowerCase(),
    name: cluster.name,
    location: cluster.location,
    tags: JSON.stringify(cluster.tags),
    envelope: JSON.stringify(cluster.envelope),
    properties: JSON.stringify(cluster.properties),
    desired_mode: cluster.desiredMode,
    generation: cluster.generation,
    etag: cluster.etag,
    provisioning_state: cluster.provisioningState,
    active_operation_id: cluster.activeOperationId ?? null,
    provider: cluster.provider,
    driver: cluster.driver,
    access_reference: cluster.accessReference,
    system_data: JSON.stringify(cluster.systemData),
  };
}

async function lastOperation(tx: Transaction<Tables>, id: ClusterId): Promise<Operation | undefined> {
  const [row] = await tx.selectFrom("operation").selectAll().where("cluster_id", "=", id).orderBy("started_at", "desc").limit(1).execute();
  return row && toOperation(row);
}

type Beside = {
  readonly rollout_policy: Partial<RolloutPolicy> | null;
  readonly maintenance: MaintenanceConfigurations | null;
  readonly provisioning: ProvisioningRow | null;
};

/** What is kept beside a cluster. A statement of its own, after the lock: one that had to wait for it would show this as it was before. */
const readBeside = statement(
  "beside",
  ({ id }: { readonly id: ClusterId }) => sql<Beside>`select r.rollout_policy, r.maintenance,
      (select row_to_json(p) from (select *, ${isHeld} from provisioning where cluster_id = ${id}) p) as provisioning
    from (select) one left join cluster_round r on r.cluster_id = ${id}`,
);

async function lock(tx: Transaction<Tables>, id: ClusterId): Promise<LockedCluster | undefined> {
  const row = await tx.selectFrom("managed_cluster").selectAll().where("id", "=", id).forUpdate().executeTakeFirst();
  if (row === undefined) return undefined;
  const active =
    row.active_operation_id === null
      ? undefined
      : await tx.selectFrom("operation").selectAll().where("id", "=", row.active_operation_id).forUpdate().executeTakeFirst();
  const [beside] = await readBeside(tx, { id });
  const last = active === undefined && row.provisioning_state !== "Succeeded" ? await lastOperation(tx, id) : undefined;
  return {
    cluster: toManagedCluster(row),
    active: active && toOperation(active),
    last,
    provisioning: beside?.provisioning ? toProvisioning(beside.provisioning) : undefined,
    rolloutPolicy: beside?.rollout_policy ?? {},
    maintenance: beside?.maintenance ?? {},
  };
}

/** To whom a cluster's subscription belongs. */
function tenantOf(id: ClusterId): RawBuilder<string> {
  return sql<string>`(select s.tenant_id from subscription s join managed_cluster c on c.subscription_id = s.id where c.id = ${id})`;
}

const RESOURCE = sql`jsonb_build_object('subscriptionId', c.subscription_id, 'resourceGroup', c.resource_group, 'name', c.name, 'location', c.location)`;

async function insertCluster(tx: Transaction<Tables>, cluster: ManagedCluster): Promise<void> {
  await tx.insertInto("managed_cluster").values(toRow(cluster)).execute();
  await tx
    .insertInto("cluster_round")
    .values({ cluster_id: cluster.id, status: null, rollout_policy: JSON.stringify({}) })
    .execute();
}

/** The values of a cluster that was there, and what is kept beside it, in one statement; it is due at once. */
async function writeValues(tx: Transaction<Tables>, id: ClusterId, change: ClusterChange): Promise<void> {
  const { cluster, isNew, rolloutPolicy, maintenance } = change;
  const beside = {
    look_again_at: sql<Date>`clock_timestamp()`,
    ...(rolloutPolicy && { rollout_policy: JSON.stringify(rolloutPolicy) }),
    ...(maintenance && { maintenance: JSON.stringify(maintenance) }),
  };
  const on =
    cluster === undefined || isNew === true
      ? tx
      : tx.with("changed", (db) => db.updateTable("managed_cluster").set(toRow(cluster)).where("id", "=", cluster.id).returning("id"));
  await on.updateTable("cluster_round").set(beside).where("cluster_id", "=", id).execute();
}

/** Tries begin anew; who has the cluster in hand keeps it until it looks up, and finds that something else is wished for. */
async function writeWish(tx: Transaction<Tables>, id: ClusterId, wish: NonNullable<ClusterChange["provision"]>): Promise<void> {
  const { provider, present, generation } = wish;
  const wanted = {
    provider,
    present,
    wanted: generation,
    phase: "Pending",
    attempts: 0,
    said: "",
    look_again_at: sql`clock_timestamp()`,
  } as const;
  await tx
    .insertInto("provisioning")
    .values({ cluster_id: id, ...wanted })
    .onConflict((conflict) => conflict.column("cluster_id").doUpdateSet(wanted))
    .execute();
}

async function write(tx: Transaction<Tables>, id: ClusterId, change: ClusterChange): Promise<void> {
  if (change.supersede !== undefined)
    await tx
      .updateTable("operation")
      .set({ phase: "Canceled", ended_at: sql`clock_timestamp()`, error: JSON.stringify(change.supersede.error) })
      .where("id", "=", change.supersede.operationId)
      .execute();
  if (change.requestCancel !== undefined)
    await tx.updateTable("operation").set({ cancel_requested: true }).where("id", "=", change.requestCancel).execute();
  if (change.control !== undefined)
    await tx
      .updateTable("operation")
      .set((set) => ({ control: JSON.stringify(change.control?.control), revision: set("revision", "+", 1) }))
      .where("id", "=", change.control.operationId)
      .execute();
  if (change.isNew === true && change.cluster !== undefined) await insertCluster(tx, change.cluster);
  await writeValues(tx, id, change);
  if (change.provision !== undefined) await writeWish(tx, id, change.provision);
  if (change.begin !== undefined)
    await tx
      .insertInto("operation")
      .values({
        id: change.begin.id,
        cluster_id: id,
        kind: change.begin.kind,
        mode: change.begin.mode,
        generation: change.begin.generation,
        phase: "Accepted",
        percent_complete: 0,
        error: null,
        cancel_requested: false,
        control: JSON.stringify(change.begin.control ?? {}),
        revision: 0,
        tenant_id: change.begin.tenantId === "" ? tenantOf(id) : change.begin.tenantId,
        object_id: change.begin.objectId,
        resource: sql`(select ${RESOURCE} from managed_cluster c where c.id = ${id})`,
        ended_at: null,
      })
      .execute();
  await appendHistory(tx, id, change.history);
}

const readCluster = statement(
  "cluster",
  ({ id }: { readonly id: ClusterId }) => sql<{ cluster: ClusterRow | null }>`select ${clusterJson(id)} as cluster`,
);

/** Managed clusters on Postgres. */
export function clusterStore(db: Kysely<Tables>): ClusterStore {
  return {
    async get(id) {
      const [row] = await readCluster(db, { id });
      return row?.cluster ? toManagedCluster(row.cluster) : undefined;
    },
    async list(filter) {
      let query = db.selectFrom("managed_cluster").selectAll().where("subscription_id", "=", filter.subscriptionId.toLowerCase());
      if (filter.resourceGroup !== undefined) query = query.where("resource_group_key", "=", filter.resourceGroup.toLowerCase());
      const { within } = filter;
      if (within !== undefined) {
        const scopes = sql<string>`unnest(${within}::text[])`;
        query = query.where(sql<boolean>`exists (select from ${scopes} as one where id = one or starts_with(id, one || '/'))`);
      }
      if (filter.matching !== undefined) query = query.where(conditionSql(filter.matching));
      if (filter.after !== undefined) query = query.where("id", ">", filter.after);
      return (await query.orderBy("id").limit(filter.limit).execute()).map(toManagedCluster);
    },
    change(id, decide, audit) {
      return db.transaction().execute(async (tx) => {
        const { change, result } = decide(await lock(tx, id));
        if (change === undefined) return result;
        await write(tx, id, change);
        if (change.forget === true) await removeCluster(tx, id);
        // Last, since it holds the chain until the commit.
        if (audit !== undefined) await appendAudit(tx, audit);
        return result;
      });
    },
    async register(cluster, policy, credentials) {
      const renewed = { access_reference: cluster.accessReference, user_credentials: credentials ? JSON.stringify(credentials) : null };
      await db.transaction().execute(async (tx) => {
        await tx
          .insertInto("managed_cluster")
          .values({ ...toRow(cluster), ...renewed })
          .onConflict((conflict) => conflict.column("id").doUpdateSet(renewed))
          .execute();
        await tx
          .insertInto("cluster_round")
          .values({ cluster_id: cluster.id, status: null, rollout_policy: JSON.stringify(policy) })
          .onConflict((conflict) =>
            conflict.column("cluster_id").doUpdateSet({ look_again_at: sql`clock_timestamp()`, rollout_policy: JSON.stringify(policy) }),
          )
          .execute();
      });
    },
    async credentials(id) {
      const provisioning = await readProvisioning(db, id);
      if (provisioning !== undefined) return usersOf(provisioning);
      const row = await db.selectFrom("managed_cluster").select("user_credentials").where("id", "=", id).executeTakeFirst();
      return row?.user_credentials ?? undefined;
    },
    async status(id) {
      const row = await db.selectFrom("cluster_round").selectAll().where("cluster_id", "=", id).executeTakeFirst();
      // what was recorded before there were findings has none
      return {
        status: row?.status ? { ...row.status, findings: row.status.findings ?? [] } : undefined,
        rolloutPolicy: row?.rollout_policy ?? {},
      };
    },
    async maintenance(id) {
      const row = await db.selectFrom("cluster_round").select("maintenance").where("cluster_id", "=", id).executeTakeFirst();
      return row?.maintenance ?? {};
    },
    history: (id, page) => readHistory(db, id, page),
  };
}
