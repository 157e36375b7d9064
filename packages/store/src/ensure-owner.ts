import { randomUUID } from "node:crypto";
import { AppError, ownerRole } from "@hostrouting/domain";
import type { Store } from "./open-store.ts";

/** Who is to own a subscription. */
export type NewOwner = {
  readonly subscriptionId: string;
  /** Object id of a person, group or service principal in the subscription's tenant. */
  readonly principalId: string;
  readonly principalType: "User" | "ServicePrincipal";
};

const noSubscription = (say: string): AppError =>
  new AppError("store.no-subscription", { say, do: "Register the subscription first; its Owner comes afterwards." });

/**
 * Makes somebody Owner of a subscription, past the surface: how the first Owner comes to be, and the way back in when nobody can get in. It is audited
 * as done by nobody with a token. Nothing happens to somebody who is Owner already.
 * @throws AppError `store.no-subscription`
 */
export async function ensureOwner(store: Store, { subscriptionId, principalId, principalType }: NewOwner): Promise<"Created" | "Present"> {
  const subscription = await store.directory.subscription(subscriptionId);
  if (subscription === undefined) throw noSubscription(`There is no subscription ${subscriptionId}`);
  const id = randomUUID();
  const displayScope = `/subscriptions/${subscription.id}`;
  const made = await store.roleAssignments.create(
    {
      ...{ tenantId: subscription.tenantId, id, displayScope, principalId, principalType, roleId: ownerRole.id },
      ...{ description: "Made by the operator of this installation", createdBy: "operator" },
    },
    {
      ...{ subscriptionId: subscription.id, principal: undefined, action: "Microsoft.Authorization/roleAssignments/write" },
      scope: `${displayScope}/providers/Microsoft.Authorization/roleAssignments/${id}`,
      ...{ outcome: "Accepted", requestId: id, correlationId: id, clientRequestId: undefined },
    },
  );
  if (made.kind === "ScopeGone") throw noSubscription(`Subscription ${subscriptionId} is deleted`);
  return made.kind === "Created" ? "Created" : "Present";
}
