import { planNested, type TemplatePlan } from "@hostrouting/template";
import type { DeploymentError } from "@hostrouting/domain";
import { isNamed } from "./decide-steps.ts";
import { resolveReferences, type Ask } from "./resolve-references.ts";

/**
 * Ids, in lower case, of all that a template and the deployments nested in it name: what Complete mode keeps.
 * @returns the error of a nested deployment that cannot be planned: what it names is not known then, and nothing may be deleted.
 */
export async function namedResources(plan: TemplatePlan, ask: Ask): Promise<ReadonlySet<string> | DeploymentError> {
  const named = new Set(plan.resources.filter(isNamed).map(({ id }) => id.toLowerCase()));
  for (const resource of plan.resources.filter((one) => isNamed(one) && one.nested !== undefined && !one.existing)) {
    const inner = await resolveReferences((known) => planNested(plan, resource, known), ask);
    if ("error" in inner) return inner.error;
    const below = await namedResources(inner.value.plan, ask);
    if (!(below instanceof Set)) return below as DeploymentError;
    for (const id of below as ReadonlySet<string>) named.add(id);
  }
  return named;
}
