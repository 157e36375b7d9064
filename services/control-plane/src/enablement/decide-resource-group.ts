import type { FullResourceGroup, GroupDecision } from "@hostrouting/store";
import { ArmError } from "../arm/arm-error.ts";
import type { GroupRequest } from "../arm/resource-group-body.ts";
import { locationKey } from "../arm/resource-ids.ts";
import { groupBeingDeleted, groupNotFound } from "../arm/subscription-scope.ts";

/** The group after an accepted request. */
export type GroupAccepted = { readonly group: FullResourceGroup; readonly isNew: boolean };
type Decision = GroupDecision<GroupAccepted | ArmError>;

const accept = (group: FullResourceGroup, isNew: boolean): Decision => ({ group, result: { group, isNew } });

/** What a PUT makes of a group: everything that can be set is replaced, tags that are left out too; the location stays. */
export function decideGroupPut(
  stored: FullResourceGroup | undefined,
  name: { readonly subscriptionId: string; readonly displayName: string },
  request: GroupRequest,
): Decision {
  if (stored?.isBeingDeleted === true) return { result: groupBeingDeleted(stored.displayName) };
  const { location } = request;
  if (location === undefined)
    return {
      result: new ArmError(400, {
        code: "LocationRequired",
        message: "The location property is required for this definition.",
        target: "location",
      }),
    };
  if (stored !== undefined && locationKey(stored.location) !== locationKey(location)) {
    const message =
      `The resource group '${stored.displayName}' exists in location '${stored.location}' and cannot move to '${location}'. ` +
      "Use another name or that location.";
    return { result: new ArmError(409, { code: "InvalidResourceGroupLocation", message, target: "location" }) };
  }
  const group = { ...name, location: stored?.location ?? location, tags: request.tags ?? {}, managedBy: request.managedBy };
  return accept({ ...group, displayName: stored?.displayName ?? name.displayName }, stored === undefined);
}

/** What a PATCH makes of a group: what is left out stays; tags are replaced as a whole. */
export function decideGroupPatch(stored: FullResourceGroup | undefined, name: string, request: GroupRequest): Decision {
  if (stored === undefined) return { result: groupNotFound(name) };
  if (stored.isBeingDeleted === true) return { result: groupBeingDeleted(stored.displayName) };
  return accept({ ...stored, tags: request.tags ?? stored.tags, managedBy: request.managedBy ?? stored.managedBy }, false);
}
