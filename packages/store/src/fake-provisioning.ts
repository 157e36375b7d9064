import {
  as,
  clusterAsItWas,
  type ClusterId,
  type HistoryEntry,
  type Instant,
  type Operation,
  type Provider,
  type Provisioning,
  type ProvisioningClaim,
  type ProvisioningOutcome,
} from "@hostrouting/domain";
import type { ClusterChange } from "./clusters.ts";
import { stored, type FakeRow } from "./fake-rows.ts";
import { judgeOutcome, operationAfter, withProvisionedFacts } from "./provisioning-outcome.ts";
import type { ClaimRequest, ProvisioningRecorded, ProvisioningStore } from "./provisioning.ts";

/** What else is kept in memory. */
export type FakeSurroundings = {
  now(): number;
  row(id: ClusterId): FakeRow | undefined;
  active(id: ClusterId): Operation | undefined;
  writeOperation(operation: Operation): void;
  append(id: ClusterId, entries: readonly HistoryEntry[]): void;
  remove(id: ClusterId): void;
};

type Kept = Omit<Provisioning, "isHeld"> & {
  readonly holder: string | undefined;
  readonly token: number;
  readonly expiresAt: number;
  readonly lookAgainAt: number;
};

function mayBeDue({ phase, present, facts }: Kept): boolean {
  return phase !== "Stopped" || (present && facts !== undefined);
}

/** Work of providers in memory, by the rules of the table. */
export class FakeProvisionings implements ProvisioningStore {
  readonly #rows = new Map<ClusterId, Kept>();
  readonly #around: FakeSurroundings;

  constructor(around: FakeSurroundings) {
    this.#around = around;
  }

  read(id: ClusterId): Provisioning | undefined {
    const row = this.#rows.get(id);
    if (row === undefined) return undefined;
    const { holder, token: _token, expiresAt, lookAgainAt: _at, ...kept } = row;
    return { ...kept, facts: stored(row.facts), isHeld: holder !== undefined && expiresAt > this.#around.now() };
  }

  /** What a request wishes for. */
  wish(clusterId: ClusterId, { provider, present, generation }: NonNullable<ClusterChange["provision"]>): void {
    const before = this.#rows.get(clusterId);
    const { done = 0, facts, holder, token = 0, expiresAt = 0 } = before ?? {};
    const fresh = { phase: "Pending", attempts: 0, said: "", lookAgainAt: this.#around.now() } as const;
    this.#rows.set(clusterId, { clusterId, provider, present, wanted: generation, done, facts, holder, token, expiresAt, ...fresh });
  }

  /** Nothing more is done until the next request. */
  stop(clusterId: ClusterId): void {
    this.#patch(clusterId, { phase: "Stopped", holder: undefined, lookAgainAt: Number.POSITIVE_INFINITY });
  }

  forget(clusterId: ClusterId): void {
    this.#rows.delete(clusterId);
  }

  async claim({ provider, holder, leaseMs, limit }: ClaimRequest): Promise<ProvisioningClaim[]> {
    const now = this.#around.now();
    const due = [...this.#rows.values()]
      .filter((row) => row.provider === provider && mayBeDue(row) && row.lookAgainAt <= now)
      .filter((row) => row.holder === undefined || row.expiresAt <= now)
      .toSorted((a, b) => a.lookAgainAt - b.lookAgainAt)
      .slice(0, limit);
    return due.flatMap((row) => {
      const found = this.#around.row(row.clusterId)?.cluster;
      if (found === undefined) return [];
      const cluster = row.phase === "Stopped" && row.facts ? clusterAsItWas(found, row.facts) : found;
      const token = row.token + 1;
      this.#patch(row.clusterId, { holder, token, expiresAt: now + leaseMs });
      return {
        clusterId: row.clusterId,
        provider,
        holder,
        token: as<ProvisioningClaim["token"]>(token),
        expiresAt: as<Instant>(now + leaseMs),
        phase: row.phase,
        present: row.present,
        generation: row.wanted,
        attempts: row.attempts,
        cluster: { ...stored(cluster), activeOperationId: cluster.activeOperationId },
        facts: stored(row.facts),
      };
    });
  }

  async renew(claim: ProvisioningClaim, leaseMs: number): Promise<boolean> {
    const row = this.#held(claim);
    const isStopped = (phase: Provisioning["phase"]): boolean => phase === "Stopped";
    if (row === undefined || isStopped(row.phase) !== isStopped(claim.phase)) return false;
    if (row.wanted !== claim.generation || row.present !== claim.present) return false;
    this.#patch(claim.clusterId, { expiresAt: this.#around.now() + leaseMs });
    return true;
  }

  async record(claim: ProvisioningClaim, outcome: ProvisioningOutcome): Promise<ProvisioningRecorded> {
    const { clusterId } = claim;
    const kept = this.#held(claim);
    const before = this.read(clusterId);
    const row = this.#around.row(clusterId);
    if (kept === undefined || before === undefined || row === undefined) return "LeaseLost";
    const effect = judgeOutcome(before, claim, stored(outcome));
    const { releases, lookAgainInMs = Number.POSITIVE_INFINITY, ...changes } = effect.row;
    this.#patch(clusterId, changes);
    if (releases) this.#patch(clusterId, { holder: undefined, lookAgainAt: this.#around.now() + lookAgainInMs });
    row.lookAgainAt = this.#around.now();
    if (effect.facts !== undefined) {
      const properties = withProvisionedFacts(row.cluster.properties, effect.facts);
      row.cluster = { ...row.cluster, properties: stored(properties), accessReference: effect.facts.credentials.worker };
    }
    const operation = operationAfter(this.#around.active(clusterId), effect.operation);
    if (operation !== undefined) this.#around.writeOperation(operation);
    if (before.phase === "Pending" && outcome.kind !== "Progress")
      this.#around.append(clusterId, [{ kind: `Provisioning${outcome.kind}`, data: { generation: claim.generation, by: claim.holder } }]);
    if (effect.removes) this.#around.remove(clusterId);
    return effect.superseded ? "Superseded" : "Recorded";
  }

  async wake(provider: Provider): Promise<void> {
    for (const row of this.#rows.values())
      if (row.provider === provider && row.phase !== "Pending" && mayBeDue(row))
        this.#patch(row.clusterId, { lookAgainAt: this.#around.now() });
  }

  async known(provider: Provider): Promise<ClusterId[]> {
    return [...this.#rows.values()]
      .filter((row) => row.provider === provider)
      .map((row) => row.clusterId)
      .toSorted();
  }

  async get(clusterId: ClusterId): Promise<Provisioning | undefined> {
    return this.read(clusterId);
  }

  #held({ clusterId, token, holder }: ProvisioningClaim): Kept | undefined {
    const row = this.#rows.get(clusterId);
    return row?.token === token && row.holder === holder && row.expiresAt > this.#around.now() ? row : undefined;
  }

  #patch(clusterId: ClusterId, changes: Partial<Kept>): void {
    const row = this.#rows.get(clusterId);
    if (row !== undefined) this.#rows.set(clusterId, { ...row, ...changes });
  }
}
