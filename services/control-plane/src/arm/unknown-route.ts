import { ArmError, armError } from "./arm-error.ts";
import { methodsOf } from "./find-route.ts";

/** Deployments of a subscription, a management group or the tenant. */
const WIDER_DEPLOYMENTS =
  /^(?:\/subscriptions\/[^/]+|\/providers\/Microsoft\.Management\/managementGroups\/[^/]+)?\/providers\/Microsoft\.Resources\/deployments(?:\/|$)/i;

/**
 * The answer to a request that no route took.
 * @param path without query, slashes not doubled.
 */
export function unknownRoute(method: string, path: string): ArmError {
  const methods = methodsOf(path.replace(/(.)\/+$/, "$1"));
  if (methods.length > 0) {
    const allow = methods.join(", ");
    const message = `The method ${method} is not allowed on '${path}'; allowed: ${allow}.`;
    return new ArmError(405, { code: "MethodNotAllowed", message }, { headers: { Allow: allow } });
  }
  if (WIDER_DEPLOYMENTS.test(path))
    return armError(
      400,
      "OperationNotSupported",
      "Templates are deployed to resource groups here, not to subscriptions, management groups or the tenant. Create the group (az group create), then deploy to it (az deployment group create).",
    );
  return armError(404, "NotFound", `Nothing answers to ${method} '${path}'. Check the address.`);
}
