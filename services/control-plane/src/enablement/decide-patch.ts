import type { ManagedClusterRequest } from "@hostrouting/contracts";
import type { LockedCluster } from "@hostrouting/store";
import { armError } from "../arm/arm-error.ts";
import { whyNotPreconditions, type Preconditions } from "../arm/etags.ts";
import type { ClusterConverter } from "../versions/cluster-converter.ts";
import { decideSettings, type Change, type PutDecision } from "./decide-settings.ts";
import { patchManagedCluster } from "./merge-managed-cluster.ts";

/** A PATCH with all that it needs from outside. */
export type PatchRequest = Change & {
  readonly patch: ManagedClusterRequest;
  readonly converter: ClusterConverter;
  readonly preconditions: Preconditions;
};

/** What a PATCH makes of a cluster under lock: `tags` replace the whole map, everything else is merged (RFC 7396), pools by their names. */
export function decidePatch(locked: LockedCluster | undefined, given: PatchRequest): PutDecision {
  if (locked === undefined) return { result: armError(404, "ResourceNotFound", `The managed cluster '${given.name}' was not found.`) };
  const { cluster } = locked;
  const precondition = whyNotPreconditions(given.preconditions, cluster.etag);
  if (precondition !== undefined) return { result: precondition };
  return decideSettings(locked, given, {
    settings: patchManagedCluster(cluster, given.converter.readPatch(given.patch, cluster.properties)),
  });
}
