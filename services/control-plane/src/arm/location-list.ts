import type { Deps } from "../deps.ts";
import { locationKey } from "./resource-ids.ts";

/** Locations of a subscription: this installation's own, and those that its groups and clusters are in; each once, compared as ARM does. */
export async function locationsOf(deps: Deps, subscriptionId: string): Promise<readonly string[]> {
  const used = await deps.store().resourceGroups.locations(subscriptionId);
  return [...new Map([deps.settings.location, ...used].map((location) => [locationKey(location), location])).values()];
}

/** A location as ARM shows it. */
export function toLocationBody(subscriptionId: string, location: string): Readonly<Record<string, unknown>> {
  const name = locationKey(location);
  return {
    id: `/subscriptions/${subscriptionId}/locations/${name}`,
    name,
    type: "Region",
    displayName: location,
    regionalDisplayName: location,
    metadata: { regionType: "Physical", regionCategory: "Other" },
  };
}
