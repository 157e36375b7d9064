import type { VersionedSurface } from "./api-versions.ts";

/** Which steps of the pipeline a request goes through. `Open`: none but ids, headers and errors (probes, metadata, token requests). */
export type Surface = "Open" | VersionedSurface;

const OPEN = /^\/(healthz|readyz|metadata\/endpoints)$/;
const AUTHORITY = /^\/(common|[^/]+\/(oauth2|v2\.0|discovery))(\/|$)/;
const STATUS = /^\/subscriptions\/[^/]+\/providers\/microsoft\.containerservice\/locations\/[^/]+\/(operations|operationresults)\//;
const CLUSTERS = /\/providers\/microsoft\.containerservice\/managedclusters(\/|$)/;

/**
 * What an address speaks of.
 * @param path without query, slashes not doubled.
 * @param hasAuthority whether token requests are forwarded; if not, their addresses are like any unknown one.
 */
export function surfaceOf(path: string, hasAuthority: boolean): Surface {
  const lower = path.toLowerCase().replace(/(.)\/+$/, "$1");
  if (OPEN.test(lower)) return "Open";
  if (hasAuthority && AUTHORITY.test(lower) && !lower.startsWith("/subscriptions/")) return "Open";
  if (STATUS.test(lower)) return "OperationStatus";
  return CLUSTERS.test(lower) ? "Cluster" : "Resources";
}
