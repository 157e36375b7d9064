/**
 * Does what a round has recorded that it asks of Azure, and notes at once what Azure answered: the operation that is to be followed, or why the change was
 * not taken. What is not noted, because the worker or Azure was gone by then, the next round finds out from Azure itself.
 */
import type { AksAnswer, AksChange } from "@hostrouting/azure";
import { as, type AzureChange, type Instant, type ManagedCluster, type Operation } from "@hostrouting/domain";
import type { AzureIntent } from "@hostrouting/rollout";
import type { Logger } from "@hostrouting/runtime";
import type { Store } from "@hostrouting/store";
import type { AzurePool } from "./azure-pool.ts";
import type { AzureMemory } from "./look-at-azure.ts";

/** What is needed to ask. */
export type AzureAsking = {
  readonly pool: AzurePool;
  readonly store: Pick<Store, "clusters">;
  readonly logger: Logger;
  readonly memory: AzureMemory;
};

/** Azure says what it is at, and not for how long. */
const BUSY_MS = 30_000;

/** The change after Azure's answer: `null` where there is none any more, nothing where nobody knows whether Azure took it. Pure. */
export function afterAnswer(answer: AksAnswer<AksChange>, before: AzureChange, now: Instant): AzureChange | null | undefined {
  const held = (reason: "AzureBusy" | "AzureThrottled", ms: number, message: string): AzureChange => {
    return { ...before, held: { reason, message, until: as<Instant>(now + ms) } };
  };
  switch (answer.kind) {
    case "Said":
      return { ...before, step: "Following", ...(answer.value.operation !== undefined && { operation: answer.value.operation }) };
    case "Changed":
      return null;
    case "Busy":
      return held("AzureBusy", BUSY_MS, answer.message);
    case "Throttled":
      return held("AzureThrottled", answer.retryInMs, answer.message);
    case "Refused":
      return { ...before, step: "Ended", error: { code: answer.code, message: answer.message } };
    case "Unknown":
      return undefined;
  }
}

/** Writes the change into the operation, while it is still at the step that was asked for. */
function note({ store }: AzureAsking, operation: Operation, given: { before: AzureChange; after: AzureChange | null }): Promise<void> {
  const { before, after } = given;
  return store.clusters.change(operation.clusterId, (locked) => {
    const active = locked?.active;
    const there = active?.id === operation.id ? active.control.azure : undefined;
    if (active === undefined || there?.step !== "Putting" || there.etag !== before.etag) return { result: undefined };
    const { azure: _before, ...control } = active.control;
    const data = { operationId: operation.id, step: after?.step ?? "Changed", ...(after?.held && { held: after.held.message }) };
    const change = after === null ? control : { ...control, azure: after };
    return {
      change: { control: { operationId: active.id, control: change }, history: [{ kind: "AzureAnswered", data }] },
      result: undefined,
    };
  });
}

/** Asks, and notes the answer. Never throws for what Azure answers. */
export async function askAzure(
  asking: AzureAsking,
  intent: AzureIntent,
  given: { cluster: ManagedCluster; operation: Operation; now: Instant },
): Promise<void> {
  const { pool, logger, memory } = asking;
  const { cluster, operation, now } = given;
  const aks = pool.get(cluster);
  // Whatever comes of it, what was seen before says nothing of it.
  memory.seen = undefined;
  if (intent.kind === "AbortAzure") {
    const answer = await aks.abort();
    logger.info({ operationId: operation.id, answer: answer.kind }, "Azure was asked to abort");
    return;
  }
  const before = operation.control.azure;
  if (before === undefined) return;
  const answer = await aks.putMode(intent.mode, intent.etag);
  const budget = pool.budget(cluster.subscriptionId);
  if (answer.kind === "Throttled") budget.blockedUntil = as<Instant>(now + answer.retryInMs);
  if (answer.kind === "Said" && answer.value.writesLeft !== undefined) budget.writesLeft = answer.value.writesLeft;
  logger.info({ operationId: operation.id, answer: answer.kind }, "Azure was asked to change the mode");
  const { held: _held, ...clean } = before;
  const after = afterAnswer(answer, clean, now);
  if (after !== undefined) await note(asking, operation, { before, after });
}
