import { isObject, type JsonObject, type JsonValue, memberOf } from "./json-value.ts";
import { EVALUATION_STEPS_MAX } from "./limits.ts";
import { planWithin, type Surroundings } from "./plan-template.ts";
import { problemList } from "./problem-list.ts";
import { refilled, resolveBody } from "./resolve-plan.ts";
import type {
  KnownReferences,
  NestedPlan,
  PlannedResource,
  PlanNested,
  PlanTemplate,
  Resolution,
  TemplateInput,
  TemplatePlan,
} from "./template-plan.ts";

/** Plans a template: parameters, variables, loops, conditions, names, order; and looks into its nested deployments as far as they can be known. */
export const planTemplate: PlanTemplate = (input) => planWhole(input, { budget: { steps: EVALUATION_STEPS_MAX } });

function planWhole(input: TemplateInput, surroundings: Surroundings): TemplatePlan {
  const plan = planWithin(input, surroundings);
  const problems = problemList();
  plan.problems.forEach(problems.add);
  for (const resource of plan.resources) {
    if (resource.nested === undefined || !resource.condition || plan.problems.length > 0 || surroundings.budget.steps < 0) continue;
    const nested = planInside(plan, resource, () => undefined);
    const found = nested.kind === "refused" ? nested.problems : nested.kind === "resolved" ? nested.value.plan.problems : [];
    for (const problem of found) problems.add({ ...problem, path: `${resource.path}.properties.template.${problem.path}` });
  }
  return { ...plan, problems: problems.all };
}

/** Plans the template inside a planned deployment. */
export const planNested: PlanNested = (plan, resource, known) => planInside({ ...plan, context: refilled(plan.context) }, resource, known);

function planInside({ context }: TemplatePlan, resource: PlannedResource, known: KnownReferences): Resolution<NestedPlan> {
  const resolved = resolveBody(context, resource, known);
  if (resolved.kind !== "resolved") return resolved;
  const { body, securePaths } = resolved.value;
  const properties = objectMember(body, "properties");
  const { input } = context;
  const nested: TemplateInput = {
    ...input,
    template: memberOf(properties, "template") ?? null,
    parameters: memberOf(properties, "parameters"),
    deploymentName: resource.name,
    mode: "Incremental",
    newGuid: (key) => input.newGuid(`${resource.id}/${key}`),
    secretParameters: securePaths.flatMap(([, section, name]) =>
      String(section).toLowerCase() === "parameters" ? [String(name ?? "")] : [],
    ),
  };
  const copies = context.sources.get(resource.id)?.copies ?? new Map();
  const plan = planWhole(nested, { budget: context.budget, outer: resource.nested === "outer" ? { context, copies } : undefined });
  return { kind: "resolved", value: { plan } };
}

function objectMember(object: JsonObject, name: string): JsonObject {
  const value: JsonValue | undefined = memberOf(object, name);
  return isObject(value) ? value : {};
}
