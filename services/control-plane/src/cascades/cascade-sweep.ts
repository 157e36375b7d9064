/**
 * Carries out what goes with more than itself: resource groups that somebody deletes, and subscriptions that are told to be deleted. Level-triggered: what
 * is still there is all that it goes by, so that a process that died is made up for by the next look of any other.
 */
import { explain, namedAndMore, type OperationError } from "@hostrouting/domain";
import type { DeletedSubscription, OpenRemoval } from "@hostrouting/store";
import type { Deps } from "../deps.ts";
import { deleteClusters, type CascadeProgress } from "./delete-clusters.ts";

/** What is looked at in one round: some 100 bytes each. */
const LOOK_MAX = 1_000;
/** How many clusters an error names. */
const NAMED_MAX = 10;
/** Nobody else tries again what is left of a subscription that is deleted. */
const AGAIN_MS = 10 * 60_000;

/** Why a group stays. */
function blocked({ name }: OpenRemoval, { resting }: CascadeProgress): OperationError {
  const details = resting.slice(0, NAMED_MAX).map(({ id, error }) => ({ code: error.code, message: error.message, target: id }));
  const which = namedAndMore(
    resting.map(({ id }) => id),
    { most: NAMED_MAX },
  );
  const message =
    `Deletion of resource group '${name}' failed, because ${which} could not be deleted. ` +
    "The group stays, with what is left in it. See to what the details say, then delete it again.";
  return { code: "ResourceGroupDeletionBlocked", message, details };
}

/** One look at a group that goes. */
export async function advanceRemoval(deps: Deps, removal: OpenRemoval): Promise<void> {
  const { subscriptionId, name, by, correlationId, startedAt } = removal;
  const rule = { since: startedAt, again: () => false };
  const progress = await deleteClusters(deps, { subscriptionId, resourceGroup: name, principal: by, correlationId, rule });
  if (progress.going > 0) return;
  if (progress.resting.length === 0) {
    const isGone = await deps.store().groupRemovals.finish(subscriptionId, name);
    if (isGone) deps.logger.info({ subscriptionId, resourceGroup: name, correlationId }, "resource group removed");
    return;
  }
  const error = blocked(removal, progress);
  await deps.store().groupRemovals.fail(subscriptionId, name, error);
  deps.logger.warn({ subscriptionId, resourceGroup: name, correlationId, code: error.code }, error.message);
}

async function advanceSubscription(deps: Deps, { id, tenantId }: DeletedSubscription): Promise<void> {
  const principal = { tenantId, objectId: "", name: "Azure Resource Manager", type: "Application" } as const;
  const again = (endedAt: number): boolean => deps.clock.now() - endedAt > AGAIN_MS;
  const rule = { since: 0, again };
  const { going, resting } = await deleteClusters(deps, {
    subscriptionId: id,
    principal,
    isNobodys: true,
    correlationId: deps.newId(),
    rule,
  });
  if (going > 0 || resting.length > 0) return;
  if (await deps.store().subscriptions.clear(id)) deps.logger.info({ subscriptionId: id }, "deleted subscription cleared");
}

/** One look at everything that goes; what fails for one holds up no other. */
export async function sweepCascades(deps: Deps): Promise<void> {
  const removals = await deps.store().groupRemovals.open(LOOK_MAX);
  const subscriptions = await deps.store().subscriptions.deleted(LOOK_MAX);
  const all = [
    ...removals.map((one) => ({ of: `resource group ${one.name}`, work: () => advanceRemoval(deps, one) })),
    ...subscriptions.map((one) => ({ of: `subscription ${one.id}`, work: () => advanceSubscription(deps, one) })),
  ];
  for (const { of, work } of all)
    await work().catch((error: unknown) => deps.logger.error({ err: error }, `the deletion of ${of} did not go on: ${explain(error)}`));
}
