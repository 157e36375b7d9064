import {
  as,
  isTerminal,
  judgeAdmission,
  meterRound,
  sumUsage,
  type Admission,
  type ClusterId,
  type HistoryEntry,
  type Instant,
  type ManagedCluster,
  type Operation,
  type OperationId,
  type OperationResource,
} from "@hostrouting/domain";
import type { ClusterLease, LeaseStore } from "./cluster-lease.ts";
import { usersOf, type ClusterChange, type ClusterStore, type LockedCluster } from "./clusters.ts";
import { newOperation, newRow, stored, storedOperation, type FakeRow } from "./fake-rows.ts";
import { FakeProvisionings } from "./fake-provisioning.ts";
import { fakeAssessments, type FakeAssessments } from "./fake-assessments.ts";
import type { OperationStore } from "./operations.ts";
import { withRunning, type UsageStore } from "./usage.ts";
import type { Asking, ClusterRound, Fault, RecordOutcome, RoundRecord, RoundStore } from "./rounds.ts";

/** As long as something is to be answered a cluster is due again this soon. */
const PENDING_LOOK_MS = 5_000;

/**
 * The store in memory, for simulations: it enforces what the database enforces (leases with tokens by its own clock, one active operation, ended
 * stays ended, revisions, complete node records, a gap-free history, all or nothing). One suite runs against both, so that it cannot drift.
 */
export class FakeStore {
  /** Every operation that there ever was, in the order in which they began. */
  readonly #operations = new Map<OperationId, Operation>();
  readonly #rows = new Map<ClusterId, FakeRow>();
  /** What operations are about, also when it is gone. */
  readonly #resources = new Map<ClusterId, OperationResource>();
  readonly #leases = new Map<ClusterId, ClusterLease>();
  readonly #now: () => number;
  /** Grows with everything that is written. */
  version = 0;

  /** @param now the database's clock, in milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  readonly leases: LeaseStore = {
    acquire: async (clusterId, holder, durationMs) => this.#acquire(clusterId, holder, durationMs),
    release: async (lease) => {
      const current = this.#leases.get(lease.clusterId);
      if (current?.token !== lease.token || current.holder !== lease.holder) return;
      this.#keepLease({ ...current, expiresAt: as<Instant>(this.#now()) });
    },
  };

  readonly rounds: RoundStore = {
    due: async (limit) =>
      [...this.#rows.entries()]
        .filter(([, row]) => row.lookAgainAt <= this.#now())
        .toSorted(([, a], [, b]) => a.lookAgainAt - b.lookAgainAt)
        .slice(0, limit)
        .map(([id]) => id),
    read: async (clusterId) => this.#read(clusterId),
    fault: async (clusterId, token, fault) => this.#fault(clusterId, token, fault),
    admission: async (asking) => this.#admission(asking),
    record: async (clusterId, token, record) => this.#record(clusterId, token, record),
  };

  readonly provisioning = new FakeProvisionings({
    now: () => this.#now(),
    row: (id) => this.#rows.get(id),
    active: (id) => {
      const row = this.#rows.get(id);
      return row && this.#active(row);
    },
    writeOperation: (operation) => {
      const row = this.#rows.get(operation.clusterId);
      if (row !== undefined) this.#writeOperation(row, operation);
    },
    append: (id, entries) => this.#append(this.#rows.get(id), entries),
    remove: (id) => this.#remove(id),
  });

  readonly assessments: FakeAssessments = fakeAssessments(
    () => this.#now(),
    (clusterId) => {
      const row = this.#rows.get(clusterId);
      if (row !== undefined) row.lookAgainAt = this.#now();
      return row !== undefined;
    },
  );

  readonly usage: UsageStore = {
    read: async (clusterId, { from, to }) => {
      const { open = [], charges = [] } = this.#rows.get(clusterId)?.usage ?? {};
      const now = as<Instant>(this.#now());
      const charged = charges
        .filter(({ day }) => day >= from && day <= to)
        .map(({ interval, day, ms }) => ({ day, pool: interval.pool, ms }));
      return { usage: withRunning(sumUsage(charged), { open, now, from, to }), now };
    },
  };

  readonly operations: OperationStore = {
    get: async (id) => {
      const operation = this.#operations.get(id);
      return operation && storedOperation(operation);
    },
    find: async (id) => {
      const operation = this.#operations.get(id);
      const resource = operation && this.#resources.get(operation.clusterId);
      return operation && resource && { operation: storedOperation(operation), resource };
    },
    list: async (clusterId, limit, after) => {
      const all = this.#operationsOf(clusterId);
      const at = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
      return after !== undefined && at === 0 ? [] : all.slice(at, at + limit);
    },
  };

  readonly clusters: ClusterStore = {
    get: async (id) => {
      const row = this.#rows.get(id);
      return row && this.#cluster(row);
    },
    list: async ({ subscriptionId, resourceGroup, after, limit }) =>
      [...this.#rows.values()]
        .map((row) => this.#cluster(row))
        .filter((cluster) => cluster.subscriptionId === subscriptionId.toLowerCase())
        .filter((cluster) => resourceGroup === undefined || cluster.resourceGroup.toLowerCase() === resourceGroup.toLowerCase())
        .filter((cluster) => after === undefined || cluster.id > after)
        .toSorted((a, b) => (a.id < b.id ? -1 : 1))
        .slice(0, limit),
    change: async (id, decide) => {
      const { change, result } = decide(this.#locked(id));
      if (change !== undefined) this.#change(id, change);
      return result;
    },
    register: async (cluster, policy, credentials) => {
      const row = this.#rows.get(cluster.id);
      const values = stored(cluster);
      this.version += 1;
      if (row === undefined) this.#resources.set(cluster.id, values);
      if (row === undefined)
        this.#rows.set(cluster.id, { ...newRow(values, { now: this.#now(), policy: stored(policy) }), credentials: stored(credentials) });
      else {
        row.credentials = stored(credentials);
        row.cluster = { ...row.cluster, accessReference: cluster.accessReference };
        row.rolloutPolicy = stored(policy);
        row.lookAgainAt = this.#now();
      }
    },
    credentials: async (id) => {
      const provisioning = this.provisioning.read(id);
      return provisioning === undefined ? stored(this.#rows.get(id)?.credentials) : usersOf(provisioning);
    },
    status: async (id) => {
      const row = this.#rows.get(id);
      return {
        status: row?.status ? { ...stored(row.status), findings: row.status.findings ?? [] } : undefined,
        rolloutPolicy: stored(row?.rolloutPolicy) ?? {},
      };
    },
    maintenance: async (id) => stored(this.#rows.get(id)?.maintenance) ?? {},
    history: async (id, { afterSeq, limit }) => (this.#rows.get(id)?.history ?? []).filter(({ seq }) => seq > afterSeq).slice(0, limit),
  };

  /** Everything at once, for whoever checks it; not to be changed. */
  look(): {
    readonly operations: ReadonlyMap<OperationId, Operation>;
    readonly leases: ReadonlyMap<ClusterId, ClusterLease>;
    readonly clusters: ReadonlyMap<ClusterId, Readonly<FakeRow>>;
  } {
    return { operations: this.#operations, leases: this.#leases, clusters: this.#rows };
  }

  /** Forgets operations, leases and records of nodes. */
  reset(): void {
    this.#operations.clear();
    this.#leases.clear();
    this.assessments.reset();
    for (const row of this.#rows.values()) {
      row.cluster = { ...row.cluster, activeOperationId: undefined };
      row.nodes.clear();
    }
    this.version += 1;
  }

  /** Writes an operation past every statement of the store, as a wrong one would: the table's own rules still hold. */
  updateOperation(id: OperationId, changes: Partial<Operation>): void {
    const before = this.#operations.get(id);
    if (before === undefined) return;
    if (isTerminal(before.phase)) throw new Error(`operation ${id} has ended as ${before.phase} and never changes`);
    this.#operations.set(id, { ...before, ...changes });
    this.version += 1;
  }

  #acquire(clusterId: ClusterId, holder: string, durationMs: number): ClusterLease | undefined {
    const now = this.#now();
    const current = this.#leases.get(clusterId);
    if (current !== undefined && current.holder !== holder && current.expiresAt > now) return undefined;
    const isOurs = current !== undefined && current.holder === holder && current.expiresAt > now;
    const token = as<ClusterLease["token"]>((current?.token ?? 0) + (isOurs ? 0 : 1));
    return this.#keepLease({ clusterId, holder, token, expiresAt: as<Instant>(now + durationMs) });
  }

  #keepLease(lease: ClusterLease): ClusterLease {
    this.#leases.set(lease.clusterId, lease);
    this.version += 1;
    return { ...lease };
  }

  #cluster({ cluster }: FakeRow): ManagedCluster {
    return { ...stored(cluster), activeOperationId: cluster.activeOperationId };
  }

  #active({ cluster }: FakeRow): Operation | undefined {
    const active = cluster.activeOperationId === undefined ? undefined : this.#operations.get(cluster.activeOperationId);
    return active && storedOperation(active);
  }

  #locked(id: ClusterId): LockedCluster | undefined {
    const row = this.#rows.get(id);
    if (row === undefined) return undefined;
    const active = this.#active(row);
    const isOver = active === undefined && this.#cluster(row).provisioningState !== "Succeeded";
    const last = isOver ? this.#operationsOf(id)[0] : undefined;
    const { rolloutPolicy, maintenance } = stored({ rolloutPolicy: row.rolloutPolicy, maintenance: row.maintenance });
    const provisioning = this.provisioning.read(id);
    return { cluster: this.#cluster(row), active, last, provisioning, rolloutPolicy, maintenance };
  }

  /** The last begun first. */
  #operationsOf(id: ClusterId): Operation[] {
    return [...this.#operations.values()]
      .filter(({ clusterId }) => clusterId === id)
      .toReversed()
      .map(storedOperation);
  }

  #read(clusterId: ClusterId): ClusterRound | undefined {
    const row = this.#rows.get(clusterId);
    return (
      row && {
        cluster: this.#cluster(row),
        operation: this.#active(row),
        provisioning: this.provisioning.read(clusterId),
        nodes: [...row.nodes.values()].toSorted((a, b) => (a.uid < b.uid ? -1 : 1)).map(stored),
        status: stored(row.status),
        rolloutPolicy: stored(row.rolloutPolicy),
        maintenance: stored(row.maintenance),
        faults: stored(row.faults?.said),
        questions: this.assessments.open(clusterId),
        now: as<Instant>(this.#now()),
      }
    );
  }

  #fault(clusterId: ClusterId, token: ClusterLease["token"], { kind, message, retryInMs }: Fault): void {
    const lease = this.#leases.get(clusterId);
    const row = this.#rows.get(clusterId);
    if (lease?.token !== token || lease.expiresAt <= this.#now() || row === undefined) return;
    if (row.faults !== undefined && row.faults.retryAt > this.#now()) return;
    const retryAt = this.#now() + retryInMs;
    row.faults = { said: { kind, message, tries: (row.faults?.said.tries ?? 0) + 1 }, retryAt };
    if (kind === "Round") row.lookAgainAt = retryAt;
    this.version += 1;
  }

  #admission({ operationId, limits }: Asking): Admission {
    const active = [...this.#rows.values()].flatMap((row) => {
      const operation = this.#active(row);
      const { subscriptionId: subscription, location } = row.cluster;
      return operation === undefined ? [] : [{ ...operation, subscription, region: location.toLowerCase() }];
    });
    return judgeAdmission(active, operationId, limits);
  }

  #change(id: ClusterId, change: ClusterChange): void {
    const { supersede, requestCancel, control, begin } = change;
    const ended = { phase: "Canceled", endedAt: as<Instant>(this.#now()) } as const;
    // What the table would refuse is refused before anything is written.
    if (begin !== undefined) this.#refuseSecond(id, supersede?.operationId);
    if (supersede !== undefined) this.updateOperation(supersede.operationId, { ...ended, error: stored(supersede.error) });
    if (requestCancel !== undefined) this.updateOperation(requestCancel, { cancelRequested: true });
    if (control !== undefined) {
      const { revision = 0 } = this.#operations.get(control.operationId) ?? {};
      this.updateOperation(control.operationId, { control: stored(control.control), revision: revision + 1 });
    }
    if (begin !== undefined) this.#operations.set(begin.id, newOperation(id, begin, this.#now()));
    if (change.isNew === true && change.cluster !== undefined) this.#create(change.cluster);
    const row = this.#rows.get(id);
    this.version += 1;
    if (row === undefined) return;
    if (change.provision !== undefined) this.provisioning.wish(id, change.provision);
    if (change.cluster !== undefined) row.cluster = { ...stored(change.cluster), activeOperationId: change.cluster.activeOperationId };
    if (change.rolloutPolicy !== undefined) row.rolloutPolicy = stored(change.rolloutPolicy);
    if (change.maintenance !== undefined) row.maintenance = stored(change.maintenance);
    row.lookAgainAt = this.#now();
    this.#append(row, change.history);
    if (change.forget === true) this.#remove(id);
  }

  #create(cluster: ManagedCluster): void {
    if (this.#rows.has(cluster.id)) throw new Error('duplicate key value violates unique constraint "managed_cluster_pkey"');
    this.#rows.set(cluster.id, newRow(stored(cluster), { now: this.#now(), policy: {} }));
    this.#resources.set(cluster.id, stored(cluster));
  }

  /** Its history is forgotten here: nobody can ask for it. */
  #remove(id: ClusterId): void {
    this.#rows.delete(id);
    this.provisioning.forget(id);
    this.version += 1;
  }

  #refuseSecond(clusterId: ClusterId, superseded: OperationId | undefined): void {
    const other = [...this.#operations.values()].find(
      (operation) => operation.clusterId === clusterId && operation.id !== superseded && !isTerminal(operation.phase),
    );
    if (other !== undefined) throw new Error('duplicate key value violates unique constraint "operation_one_active"');
  }

  #record(clusterId: ClusterId, token: ClusterLease["token"], record: RoundRecord): RecordOutcome {
    const lease = this.#leases.get(clusterId);
    if (lease?.token !== token || lease.expiresAt <= this.#now()) return "LeaseLost";
    const row = this.#rows.get(clusterId);
    if (row === undefined || row.cluster.activeOperationId !== record.operation?.id) return "OperationMovedOn";
    const { operation, takesPlace } = record;
    if (operation && takesPlace && this.#admission({ operationId: operation.id, limits: takesPlace }).kind === "Waits")
      return "OperationMovedOn";
    if (record.operation !== undefined && !this.#recordOperation(row, record.operation)) return "OperationMovedOn";
    row.nodes = new Map(record.nodes.map((node) => [node.uid as string, stored(node)]));
    this.#meter(row, record.enabled);
    row.status = stored(record.status);
    if (record.clearsFaults === true) row.faults = undefined;
    const restMs = this.assessments.open(clusterId).length > 0 ? Math.min(PENDING_LOOK_MS, record.lookAgainInMs) : record.lookAgainInMs;
    row.lookAgainAt = this.#now() + restMs;
    this.#append(row, record.history);
    if (operation?.kind === "DeleteManagedCluster" && operation.phase === "Succeeded") this.#remove(clusterId);
    this.version += 1;
    return "Recorded";
  }

  #recordOperation(row: FakeRow, operation: Operation): boolean {
    const before = this.#operations.get(operation.id);
    if (before === undefined || before.revision !== operation.revision || isTerminal(before.phase)) return false;
    if (isTerminal(operation.phase) && operation.control.provision !== undefined) this.provisioning.stop(operation.clusterId);
    this.#writeOperation(row, { ...operation, percentComplete: Math.max(before.percentComplete, operation.percentComplete) });
    return true;
  }

  #writeOperation(row: FakeRow, operation: Operation): void {
    const { phase } = operation;
    this.updateOperation(operation.id, {
      phase,
      percentComplete: operation.percentComplete,
      revision: operation.revision,
      error: stored(operation.error),
      control: stored(operation.control),
      endedAt: isTerminal(phase) ? as<Instant>(this.#now()) : undefined,
    });
    if (isTerminal(phase) && row.cluster.activeOperationId === operation.id)
      row.cluster = { ...row.cluster, provisioningState: phase, activeOperationId: undefined };
  }

  #meter(row: FakeRow, enabled: RoundRecord["enabled"]): void {
    const { open, seenAt, charges } = row.usage;
    if (open.length === 0 && (enabled?.length ?? 0) === 0) return;
    const now = as<Instant>(this.#now());
    const round = meterRound({ open, enabled, seenAt, now });
    const gone = new Set(round.closed.map(({ interval }) => interval));
    const moved = new Map(round.settled.map((interval) => [interval.uid, interval]));
    const kept = open.filter((interval) => !gone.has(interval)).map((interval) => moved.get(interval.uid) ?? interval);
    row.usage = {
      open: [...kept, ...round.opened],
      seenAt: enabled === undefined ? seenAt : now,
      charges: [...charges, ...round.charges],
    };
  }

  #append(row: FakeRow | undefined, entries: readonly HistoryEntry[]): void {
    if (row === undefined) return;
    const first = (row.history.at(-1)?.seq ?? 0) + 1;
    const at = as<Instant>(this.#now());
    row.history.push(...entries.map((entry, index) => ({ seq: first + index, at, kind: entry.kind, data: stored(entry.data) })));
  }
}
