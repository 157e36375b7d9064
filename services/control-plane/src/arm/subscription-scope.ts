import type { KnownResourceGroup, Subscription } from "@hostrouting/store";
import { armError, type ArmError } from "./arm-error.ts";
import type { ThrottleKind } from "./request-throttle.ts";

/** The part of a request that decides whose things it speaks of. */
export type ScopeQuestion = {
  readonly subscriptionId: string;
  /** Absent for addresses outside a resource group. */
  readonly resourceGroup: string | undefined;
  readonly tenantId: string;
  readonly effect: ThrottleKind;
  /** PUT, PATCH. */
  readonly writes: boolean;
};

/**
 * Why a request may not speak of a subscription, or nothing. A subscription of another tenant is as unknown as one that does not exist:
 * neither may tell the other apart.
 */
export function whyNotSubscription(subscription: Subscription | undefined, asked: ScopeQuestion): ArmError | undefined {
  const { subscriptionId } = asked;
  if (subscription === undefined || subscription.tenantId !== asked.tenantId || subscription.state === "Deleted")
    return armError(404, "SubscriptionNotFound", `The subscription '${subscriptionId}' could not be found.`);
  const { state } = subscription;
  // What is there may be deleted while its subscription is only warned or suspended (RPC).
  const mayDelete = asked.effect === "deletes" && state !== "Unregistered";
  if (asked.effect !== "reads" && state !== "Registered" && !mayDelete)
    return armError(409, "InvalidSubscriptionState", `The subscription is in state '${state}': its resources cannot be changed.`);
  return undefined;
}

/** That there is no such resource group. */
export function groupNotFound(name: string): ArmError {
  return armError(404, "ResourceGroupNotFound", `Resource group '${name}' could not be found.`);
}

/** Why a group that is going takes nothing. */
export function groupBeingDeleted(name: string): ArmError {
  const message =
    `The resource group '${name}' is being deleted with all that is in it, and nothing in it can be made or changed. ` +
    "Use another group, or make it again when it is gone.";
  return armError(409, "ResourceGroupBeingDeleted", message);
}

/** Why there is no such resource group, or nothing is written in it, or nothing. Judged only after the right to it: who has none does not learn which groups there are. */
export function whyNotGroup(group: KnownResourceGroup | undefined, asked: ScopeQuestion): ArmError | undefined {
  const { resourceGroup } = asked;
  if (resourceGroup === undefined) return undefined;
  if (group !== undefined) return group.isBeingDeleted && asked.writes ? groupBeingDeleted(group.displayName) : undefined;
  return groupNotFound(resourceGroup);
}
