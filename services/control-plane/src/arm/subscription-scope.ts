import type { DirectoryStore } from "@hostrouting/store";
import { armError, type ArmError } from "./arm-error.ts";

/** The part of a request that decides whose things it speaks of. */
export type ScopeQuestion = {
  readonly subscriptionId: string;
  /** Absent for addresses outside a resource group. */
  readonly resourceGroup: string | undefined;
  readonly tenantId: string;
  readonly writes: boolean;
};

/**
 * Why a request may not go on, or nothing. A subscription of another tenant is as unknown as one that does not exist: neither may
 * tell the other apart.
 */
export async function whyNotScope(directory: DirectoryStore, asked: ScopeQuestion): Promise<ArmError | undefined> {
  const { subscriptionId, resourceGroup } = asked;
  const subscription = await directory.subscription(subscriptionId);
  if (subscription === undefined || subscription.tenantId !== asked.tenantId || subscription.state === "Deleted")
    return armError(404, "SubscriptionNotFound", `The subscription '${subscriptionId}' could not be found.`);
  if (asked.writes && subscription.state !== "Registered")
    return armError(409, "InvalidSubscriptionState", `The subscription is in state '${subscription.state}' and can only be read.`);
  if (resourceGroup === undefined || (await directory.resourceGroup(subscriptionId, resourceGroup)) !== undefined) return undefined;
  return armError(404, "ResourceGroupNotFound", `Resource group '${resourceGroup}' could not be found.`);
}
