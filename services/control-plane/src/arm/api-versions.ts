import type { ArmAddress } from "./arm-address.ts";
import { armError, type ArmError } from "./arm-error.ts";
import { RESOURCE_TYPES, namespaceNamed, resourceTypeOf } from "./resource-types.ts";

/** Version in URLs that we make when the request that they answer had none that fits. */
export const CONTRACT_API_VERSION = "2026-04-01";

const WELL_FORMED = /^\d{4}-\d{2}-\d{2}(-(preview|alpha|beta|rc|privatepreview))?$/;
/** Of a version that a client made up, in a message. */
const SHOWN_MAX = 64;

/** The value of `api-version`, whatever letter case its key has; of several the first. */
export function apiVersionOf(query: Readonly<Record<string, unknown>>): string | undefined {
  const key = Object.keys(query).find((name) => name.toLowerCase() === "api-version");
  const value = key === undefined ? undefined : query[key];
  const first = Array.isArray(value) ? value[0] : value;
  return typeof first === "string" && first !== "" ? first : undefined;
}

/** The refusal of a request that names no version; the first that a request can get, before anybody asks who sends it. */
export function missingApiVersion(): ArmError {
  return armError(400, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests.");
}

const invalid = (version: string, supported: readonly string[]): ArmError =>
  armError(
    400,
    "InvalidApiVersionParameter",
    `The api-version '${version.slice(0, SHOWN_MAX)}' is invalid. The supported versions are '${supported.join(",")}'.`,
  );

function unknownType({ namespace, type }: ArmAddress, version: string): ArmError {
  const known = namespaceNamed(namespace);
  if (known === undefined) return armError(404, "InvalidResourceNamespace", `The resource namespace '${namespace}' is invalid.`);
  const types = RESOURCE_TYPES.filter((one) => one.namespace === known).map((one) => one.type);
  const message =
    `The resource type '${type.split("/", 1)[0] ?? ""}' could not be found in the namespace '${known}' for api version ` +
    `'${version.slice(0, SHOWN_MAX)}'. The known types are '${types.join(",")}'.`;
  return armError(404, "InvalidResourceType", message);
}

/**
 * Why a version will not do for what an address speaks of, or why there is no such thing; else nothing. What a resource provider answers for and what
 * Resource Manager answers for itself are refused with codes of their own, as Azure does.
 * @param location that a refusal names where the address has none.
 */
export function whyNotApiVersion(address: ArmAddress, version: string, location: string): ArmError | undefined {
  const isWellFormed = WELL_FORMED.test(version.toLowerCase());
  if (address.kind === "Open") return undefined;
  // The address is refused as unknown later on; its version need only be one.
  if (address.kind === "Unknown") return isWellFormed ? undefined : invalid(version, ["yyyy-MM-dd", "yyyy-MM-dd-preview"]);
  const type = resourceTypeOf(address.namespace, address.type);
  if (type === undefined) return unknownType(address, version);
  const isSupported = type.takesAnyVersion === true ? isWellFormed : type.apiVersions.includes(version.toLowerCase());
  if (isSupported) return undefined;
  if (type.namespace !== "Microsoft.ContainerService") return invalid(version, type.apiVersions);
  if (type.takesAnyVersion === true) return invalid(version, type.apiVersions);
  const message =
    `No registered resource provider found for location '${address.location ?? location}' and API version '${version.slice(0, SHOWN_MAX)}' ` +
    `for type '${type.type}'. The supported api-versions are '${type.apiVersions.join(", ")}'.`;
  return armError(400, "NoRegisteredProviderFound", message);
}
