import { ArmError, armError } from "./arm-error.ts";
import { methodsOf } from "./find-route.ts";

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
  return armError(404, "NotFound", `Nothing answers to ${method} '${path}'. Check the address.`);
}
