import { armError, type ArmError } from "./arm-error.ts";

/**
 * Versions of the container service that we answer to, newest first. The contract is 2026-04-01; the others differ from it in nothing
 * that we keep. Unknown members of a request are kept in every version.
 */
export const CLUSTER_API_VERSIONS = ["2026-07-01", "2026-06-01", "2026-04-02-preview", "2026-04-01", "2026-03-02-preview"] as const;

/** Version in URLs that we make when the request that they answer had none that fits. */
export const CONTRACT_API_VERSION = "2026-04-01";

const WELL_FORMED = /^\d{4}-\d{2}-\d{2}(-(preview|alpha|beta|rc|privatepreview))?$/;
const LIST = CLUSTER_API_VERSIONS.join(", ");

/** What a URL speaks of, as far as its version is concerned. */
export type VersionedSurface = "Cluster" | "OperationStatus" | "Resources";

/** The value of `api-version`, whatever letter case its key has; of several the first. */
export function apiVersionOf(query: Readonly<Record<string, unknown>>): string | undefined {
  const key = Object.keys(query).find((name) => name.toLowerCase() === "api-version");
  const value = key === undefined ? undefined : query[key];
  const first = Array.isArray(value) ? value[0] : value;
  return typeof first === "string" && first !== "" ? first : undefined;
}

/** Why a version will not do, or nothing. Operation status URLs take every well-formed one: clients replay them untouched. */
export function whyNotApiVersion(surface: VersionedSurface, version: string | undefined): ArmError | undefined {
  if (version === undefined)
    return armError(400, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests.");
  if (surface === "Cluster") {
    if (CLUSTER_API_VERSIONS.some((known) => known === version.toLowerCase())) return undefined;
    const message = `No registered resource provider found for API version '${version}' for type 'managedClusters'. The supported api-versions are '${LIST}'.`;
    return armError(400, "NoRegisteredProviderFound", message);
  }
  if (WELL_FORMED.test(version.toLowerCase())) return undefined;
  return armError(400, "InvalidApiVersionParameter", `The api-version '${version}' is invalid. The supported versions are '${LIST}'.`);
}
