import type { AksAnswer, AksCluster, AksOperation, AksRights, AksView } from "@hostrouting/azure";
import { as, explain, type Instant, type ManagedCluster, type Operation } from "@hostrouting/domain";
import type { AzureFacts, Known } from "@hostrouting/preflight";
import type { AzureLook } from "@hostrouting/rollout";
import type { AzurePool } from "./azure-pool.ts";

/** What one look at Azure gives: the engine's view, and preflight's. */
export type AzureSeen = { readonly look: AzureLook; readonly facts: Known<AzureFacts> };

/** What was seen last, when, and whether locks and rights were asked for. Losing it costs a request. */
export type AzureMemory = { seen: AzureSeen | undefined; at: Instant | undefined; hasRights: boolean };

/** What a look is about. `wantsRights`: preflight is asked in this round. */
export type AzureQuestion = {
  readonly cluster: ManagedCluster;
  readonly operation: Operation | undefined;
  readonly wantsRights: boolean;
  readonly now: Instant;
};

/** With nothing under way Azure is looked at this often. */
const RESTING_FRESH_MS = 5 * 60_000;
const NOT_ASKED = { known: false, because: "it is read for preflight only" } as const;

type Unsaid = Exclude<AksAnswer<unknown>, { kind: "Said" }>;

const because = (answer: Unsaid): { readonly known: false; readonly because: string } => ({ known: false, because: answer.message });

/** Looks at a cluster in Azure, unless what was seen of it is still fresh. Never throws: what cannot be seen says why. */
export async function lookAtAzure(pool: AzurePool | undefined, question: AzureQuestion, memory: AzureMemory): Promise<AzureSeen> {
  const { cluster, operation, now } = question;
  if (pool === undefined) return unseen("AzureUnknown", "This worker asks nothing of Azure.");
  const budget = pool.budget(cluster.subscriptionId);
  if (budget.blockedUntil !== undefined && now < budget.blockedUntil)
    return unseen("AzureThrottled", `Azure takes no request of the subscription before ${new Date(budget.blockedUntil).toISOString()}.`);
  const freshMs = operation === undefined ? RESTING_FRESH_MS : pool.freshMs;
  const isWhole = memory.hasRights || !question.wantsRights;
  if (memory.seen !== undefined && memory.at !== undefined && isWhole && now - memory.at < freshMs) return memory.seen;
  const seen = await ask(pool, question).catch((error: unknown) => unseen("AzureUnknown", explain(error)));
  memory.seen = seen;
  memory.at = now;
  memory.hasRights = question.wantsRights;
  return seen;
}

function unseen(reason: "AzureUnknown" | "AzureThrottled", message: string): AzureSeen {
  return { look: { kind: "Unseen", reason, message }, facts: { known: false, because: message } };
}

async function ask(pool: AzurePool, { cluster, operation, wantsRights, now }: AzureQuestion): Promise<AzureSeen> {
  const aks = pool.get(cluster);
  const answer = await aks.read();
  const budget = pool.budget(cluster.subscriptionId);
  if (answer.kind === "Throttled") {
    budget.blockedUntil = as<Instant>(now + answer.retryInMs);
    return unseen("AzureThrottled", answer.message);
  }
  if (answer.kind !== "Said") return notShown(answer);
  const followed = operation?.control.azure?.operation;
  const state = followed === undefined ? undefined : await readFollowed(aks, followed);
  if (state?.kind === "Unseen") return { look: state, facts: { known: false, because: state.message } };
  const rights = wantsRights ? await aks.readRights(answer.value.nodeResourceGroup) : undefined;
  const { writesLeft } = budget;
  const facts: AzureFacts = {
    found: "Found",
    ...rightsFacts(rights),
    writesLeft: writesLeft === undefined ? { known: false, because: "nothing was written there yet" } : { known: true, value: writesLeft },
  };
  return { look: lookOf(answer.value, state?.operation), facts: { known: true, value: facts } };
}

function rightsFacts(rights: AksAnswer<AksRights> | undefined): Pick<AzureFacts, "locks" | "missingActions"> {
  if (rights === undefined) return { locks: NOT_ASKED, missingActions: NOT_ASKED };
  if (rights.kind !== "Said") return { locks: because(rights), missingActions: because(rights) };
  const { locks, missingActions } = rights.value;
  return { locks: { known: true, value: locks }, missingActions: { known: true, value: missingActions } };
}

/** That it is not there, or not shown, is what a rule says; for the engine nobody knows what Azure does with it. */
function notShown(answer: Unsaid): AzureSeen {
  const found = answer.kind === "Refused" && answer.httpStatus === 404 ? "NotFound" : "Forbidden";
  const { look, facts } = unseen("AzureUnknown", answer.message);
  if (answer.kind !== "Refused" || (answer.httpStatus !== 404 && answer.httpStatus !== 403)) return { look, facts };
  return {
    look,
    facts: { known: true, value: { found, locks: because(answer), missingActions: because(answer), writesLeft: because(answer) } },
  };
}

type Followed = { readonly kind: "Told"; readonly operation: AksOperation | undefined } | Extract<AzureLook, { kind: "Unseen" }>;

/** An operation that Azure has forgotten (404) is followed by the cluster's own state; one that cannot be read now is asked for again. */
async function readFollowed(aks: AksCluster, path: string): Promise<Followed> {
  const answer = await aks.readOperation(path);
  if (answer.kind === "Said") return { kind: "Told", operation: answer.value };
  if (answer.kind === "Refused" && answer.httpStatus === 404) return { kind: "Told", operation: undefined };
  return { kind: "Unseen", reason: answer.kind === "Throttled" ? "AzureThrottled" : "AzureUnknown", message: answer.message };
}

function lookOf({ mode, etag, provisioningState }: AksView, operation: AksOperation | undefined): AzureLook {
  return { kind: "Seen", mode, etag, provisioningState, ...(operation !== undefined && { operation }) };
}
