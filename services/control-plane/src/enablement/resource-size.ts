import type { ArmFault } from "../arm/arm-error.ts";
import type { ClusterSettings } from "./merge-managed-cluster.ts";

/**
 * What one cluster may hold, as JSON: some fifty times the largest that AKS shows. Members that we do not know are kept, so without a limit a few
 * requests of 4 MiB each would make a cluster that no reply (8 MiB) can show.
 */
const RESOURCE_BYTES_MAX = 1024 * 1024;

/** Why a cluster has become too large, if it has. */
export function sizeFaults(settings: ClusterSettings): readonly ArmFault[] {
  const bytes = Buffer.byteLength(JSON.stringify(settings));
  if (bytes <= RESOURCE_BYTES_MAX) return [];
  const message =
    `The managed cluster would have ${bytes} bytes with what is stored of it, and may have ${RESOURCE_BYTES_MAX}. ` +
    "Leave out what is not needed, or set members that are stored to null.";
  return [{ code: "BadRequest", message, subcode: "ResourceTooLarge", target: "properties" }];
}
