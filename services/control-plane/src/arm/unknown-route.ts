import { armError, type ArmError } from "./arm-error.ts";
import { PROVIDER } from "./resource-ids.ts";

const CLUSTERS = /^\/subscriptions\/[^/]+(\/resourcegroups\/[^/]+)?\/providers\/microsoft\.containerservice\/managedclusters(\/[^/]+)?$/;

/** Methods of addresses that exist; another method on them is 405. */
const KNOWN: readonly { readonly path: RegExp; readonly allow: string }[] = [
  {
    path: /^\/subscriptions\/[^/]+\/resourcegroups\/[^/]+\/providers\/microsoft\.containerservice\/managedclusters\/[^/]+$/,
    allow: "GET, PUT",
  },
  { path: CLUSTERS, allow: "GET" },
  { path: /\/managedclusters\/[^/]+\/hostroutings(\/default(\/nodes)?)?$/, allow: "GET" },
  { path: /\/managedclusters\/[^/]+\/maintenanceconfigurations$/, allow: "GET" },
  { path: /\/managedclusters\/[^/]+\/maintenanceconfigurations\/[^/]+$/, allow: "GET, PUT, DELETE" },
  { path: /\/managedclusters\/[^/]+\/abort$/, allow: "POST" },
  {
    path: /\/managedclusters\/[^/]+\/hostroutings\/default\/(pause|resume|cancel|retry|skip|approve|reject|rollback|upgrade)$/,
    allow: "POST",
  },
  { path: /\/locations\/[^/]+\/(operations|operationresults)\/[^/]+$/, allow: "GET" },
  { path: /^\/(subscriptions(\/[^/]+)?|tenants|healthz|readyz|metadata\/endpoints)$/, allow: "GET" },
];

/**
 * The answer to a request that no route took.
 * @param path without query, slashes not doubled.
 */
export function unknownRoute(method: string, path: string): ArmError {
  const lower = path.toLowerCase().replace(/(.)\/+$/, "$1");
  const known = KNOWN.find((one) => one.path.test(lower));
  if (known !== undefined) {
    const error = armError(405, "MethodNotAllowed", `The method ${method} is not allowed on '${path}'; allowed: ${known.allow}.`);
    return Object.assign(error, { headers: { Allow: known.allow } });
  }
  const [, namespace, type] = /\/providers\/+([^/]+)(?:\/+([^/]+))?/.exec(path) ?? [];
  if (namespace !== undefined && namespace.toLowerCase() !== PROVIDER.toLowerCase())
    return armError(404, "InvalidResourceNamespace", `The resource namespace '${namespace}' is invalid.`);
  if (type !== undefined && !["managedclusters", "locations"].includes(type.toLowerCase()))
    return armError(404, "InvalidResourceType", `The resource type '${type}' could not be found in the namespace '${PROVIDER}'.`);
  return armError(404, "NotFound", `Nothing answers to ${method} '${path}'. Check the address.`);
}
