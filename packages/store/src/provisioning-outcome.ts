import {
  isTerminal,
  PROVISIONING_TRIES_MAX,
  retryPauseMs,
  type Operation,
  type OperationError,
  type ProvisionedFacts,
  type Provisioning,
  type ProvisioningClaim,
  type ProvisioningOutcome,
} from "@hostrouting/domain";

/** What a provider's word makes of its row; the claim goes on where it is not released. */
export type RowEffect = Pick<Provisioning, "phase" | "done" | "attempts" | "said" | "facts"> & {
  readonly releases: boolean;
  /** Absent: not before the next request. */
  readonly lookAgainInMs?: number;
};

/** What becomes of the operation that waits for the provider. */
export type OperationEffect = { readonly kind: "Kept" | "Done" } | { readonly kind: "Failed"; readonly error: OperationError };

/** All that one word of a provider changes. `superseded`: something else is wished for by now. */
export type ProvisioningEffect = {
  readonly superseded: boolean;
  readonly row: RowEffect;
  readonly operation: OperationEffect;
  /** To be shown with the cluster from now on. */
  readonly facts?: ProvisionedFacts;
  readonly removes: boolean;
};

/** A cluster that was made before and could not be looked after is looked at again after this. */
const UPKEEP_RETRY_MS = 60_000;

const KEPT = { operation: { kind: "Kept" }, removes: false } as const;

function after(row: Provisioning, changes: Partial<RowEffect>): RowEffect {
  const { phase, done, attempts, said, facts } = row;
  const changed = { phase, done, attempts, said, facts, releases: true, ...changes };
  // Why it stopped stays said, however it is looked after.
  return phase === "Stopped" ? { ...changed, said } : changed;
}

function failure(row: Provisioning, outcome: Extract<ProvisioningOutcome, { kind: "Failed" }>): ProvisioningEffect {
  const { code, message, isFinal } = outcome;
  const attempts = row.attempts + 1;
  const said = `${code}: ${message}`;
  if (row.phase !== "Pending") return { superseded: false, ...KEPT, row: after(row, { attempts, said, lookAgainInMs: UPKEEP_RETRY_MS }) };
  if (!isFinal && attempts < PROVISIONING_TRIES_MAX)
    return { superseded: false, ...KEPT, row: after(row, { attempts, said, lookAgainInMs: retryPauseMs(attempts, 0) }) };
  return {
    superseded: false,
    removes: false,
    operation: { kind: "Failed", error: { code, message } },
    row: after(row, { phase: "Stopped", attempts, said }),
  };
}

/** What there is now. Where a cluster was only brought back, nothing more was done than before, and what it was remains what it was. */
function broughtAbout(
  row: Provisioning,
  claim: ProvisioningClaim,
  facts: ProvisionedFacts,
): Pick<RowEffect, "done"> & { readonly facts: ProvisionedFacts } {
  if (claim.phase !== "Stopped") return { done: claim.generation, facts };
  return { done: row.done, facts: { ...facts, pools: row.facts?.pools ?? facts.pools } };
}

/**
 * What a provider's word means for a cluster under lock. A word about something that is no longer wished for ends the claim and nothing else, but what was
 * made by then is remembered. Pure.
 */
export function judgeOutcome(row: Provisioning, claim: ProvisioningClaim, outcome: ProvisioningOutcome): ProvisioningEffect {
  const isCurrent =
    (row.phase === "Stopped") === (claim.phase === "Stopped") && row.wanted === claim.generation && row.present === claim.present;
  if (!isCurrent) {
    const made = outcome.kind === "Done" ? broughtAbout(row, claim, outcome.facts) : undefined;
    return { superseded: true, ...KEPT, row: after(row, { ...made, lookAgainInMs: 0 }), ...(made && { facts: made.facts }) };
  }
  switch (outcome.kind) {
    case "Progress":
      return { superseded: false, ...KEPT, row: after(row, { said: outcome.message, releases: false }) };
    case "Later":
      return { superseded: false, ...KEPT, row: after(row, { said: outcome.message, lookAgainInMs: outcome.lookAgainInMs }) };
    case "Failed":
      return failure(row, outcome);
    case "Done": {
      if (!claim.present) return failure(row, contradiction("is there, but it was to be removed"));
      const { lookAgainInMs } = outcome;
      const next = lookAgainInMs === undefined ? {} : { lookAgainInMs };
      const made = broughtAbout(row, claim, outcome.facts);
      if (claim.phase === "Stopped") return { superseded: false, ...KEPT, facts: made.facts, row: after(row, { ...made, ...next }) };
      const settled = { ...made, phase: "Settled", attempts: 0, said: "" } as const;
      return {
        superseded: false,
        removes: false,
        operation: { kind: "Done" },
        facts: made.facts,
        row: after(row, { ...settled, ...next }),
      };
    }
    case "Removed":
      if (claim.present) return failure(row, contradiction("is gone, but it was to be there"));
      return { superseded: false, removes: true, operation: { kind: "Done" }, row: after(row, { phase: "Settled" }) };
  }
}

function contradiction(what: string): Extract<ProvisioningOutcome, { kind: "Failed" }> {
  return { kind: "Failed", code: "ProviderContradiction", message: `The provider says that the cluster ${what}.`, isFinal: false };
}

/** An operation after the provider's part of it: ended where that was all, otherwise handed to the engine. Nothing where it waits for no provider. Pure. */
export function operationAfter(operation: Operation | undefined, effect: OperationEffect): Operation | undefined {
  if (operation === undefined || operation.control.provision === undefined || isTerminal(operation.phase) || effect.kind === "Kept")
    return undefined;
  if (effect.kind === "Failed") return { ...operation, phase: "Failed", error: effect.error };
  if (operation.control.provision === "Alone") return { ...operation, phase: "Succeeded", percentComplete: 100 };
  const { provision: _done, ...control } = operation.control;
  return { ...operation, control, revision: operation.revision + 1 };
}

type Json = Readonly<Record<string, unknown>>;

/** The cluster's properties with what its provider found out; what clients set stays. Pure. */
export function withProvisionedFacts(properties: Json, facts: ProvisionedFacts): Json {
  const pools: readonly unknown[] = Array.isArray(properties["agentPoolProfiles"]) ? properties["agentPoolProfiles"] : [];
  const running = { powerState: { code: "Running" } };
  return {
    ...properties,
    ...running,
    fqdn: facts.fqdn,
    currentKubernetesVersion: facts.kubernetesVersion,
    agentPoolProfiles: pools.map((pool) => {
      const { name } = pool as { name?: unknown };
      const found = facts.pools.find((one) => one.name.toLowerCase() === String(name).toLowerCase());
      if (found === undefined) return pool;
      const image = found.nodeImageVersion === "" ? {} : { nodeImageVersion: found.nodeImageVersion };
      return { ...(pool as Json), ...running, ...image, currentOrchestratorVersion: found.kubernetesVersion };
    }),
  };
}
