import { isObject, type JsonObject, type JsonValue, memberOf } from "./json-value.ts";
import { EVALUATION_STEPS_MAX } from "./limits.ts";
import { planWithin, type Surroundings } from "./plan-template.ts";
import { problemList } from "./problem-list.ts";
import { refilled, resolveBody, resolveOutputsWithin } from "./resolve-plan.ts";
import { writeOutNested } from "./write-out-nested.ts";
import type { EvaluationContext } from "./evaluation-context.ts";
import type {
  KnownReferences,
  NestedPlan,
  PlannedResource,
  PlanNested,
  PlanTemplate,
  Resolution,
  ResolvedBody,
  ResolveResource,
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

/** Plans the template inside a planned deployment, as it will be sent. */
export const planNested: PlanNested = (plan, resource, known) => {
  const within = { ...plan, context: refilled(plan.context) };
  const resolved = resolveWithin(within, resource, known);
  if (resolved.kind !== "resolved") return resolved;
  const { context } = within;
  return { kind: "resolved", value: { plan: planWhole(nestedInput(context, resource, resolved.value), { budget: context.budget }) } };
};

/** The final body of a planned resource, with what is known at run time. One that is not sent has none. */
export const resolveResource: ResolveResource = (plan, resource, known) =>
  resolveWithin({ ...plan, context: refilled(plan.context) }, resource, known);

/** The same, in a context whose budget others share. */
function resolveWithin(plan: TemplatePlan, resource: PlannedResource, known: KnownReferences): Resolution<ResolvedBody> {
  const resolved = resolveBody(plan.context, resource, known);
  const isSent = resource.condition && !resource.existing;
  return resource.nested === "outer" && isSent && resolved.kind === "resolved"
    ? writeOut(plan, resource, { ...resolved.value, known })
    : resolved;
}

/** The body of a nested deployment whose template's expressions are evaluated here. */
function writeOut(
  { context }: TemplatePlan,
  resource: PlannedResource,
  { body, securePaths, known }: ResolvedBody & { readonly known: KnownReferences },
): Resolution<ResolvedBody> {
  const inner = planOuter(context, resource, { body, securePaths });
  const under = inner.problems.map((problem) => ({ ...problem, path: `${resource.path}.properties.template.${problem.path}` }));
  if (under.length > 0) return { kind: "refused", problems: under };
  const written = writeOutNested({
    plan: inner,
    bodyOf: (one) => resolveWithin(inner, one, known),
    outputs: () => resolveOutputsWithin(inner.context, known),
  });
  if (written.kind !== "resolved") return written;
  const { template, parameters, secretNames } = written.value;
  return {
    kind: "resolved",
    value: {
      body: { ...body, properties: { ...objectMember(body, "properties"), template, parameters } },
      securePaths: secretNames.map((name) => ["properties", "parameters", name]),
    },
  };
}

function planOuter(context: EvaluationContext, resource: PlannedResource, resolved: ResolvedBody): TemplatePlan {
  const copies = context.sources.get(resource.id)?.copies ?? new Map();
  const outer = resource.nested === "outer" ? { context, copies } : undefined;
  return planWhole(nestedInput(context, resource, resolved), { budget: context.budget, outer });
}

/** Plans the template inside a planned deployment as it stands: what is wrong with it is told where it was written. */
function planInside({ context }: TemplatePlan, resource: PlannedResource, known: KnownReferences): Resolution<NestedPlan> {
  const resolved = resolveBody(context, resource, known);
  return resolved.kind === "resolved" ? { kind: "resolved", value: { plan: planOuter(context, resource, resolved.value) } } : resolved;
}

function nestedInput({ input }: EvaluationContext, resource: PlannedResource, { body, securePaths }: ResolvedBody): TemplateInput {
  const properties = objectMember(body, "properties");
  return {
    ...input,
    template: memberOf(properties, "template") ?? null,
    parameters: memberOf(properties, "parameters"),
    deploymentName: resource.name,
    within: [...(input.within ?? []), input.deploymentName],
    mode: "Incremental",
    newGuid: (key) => input.newGuid(`${resource.id}/${key}`),
    secretParameters: securePaths.flatMap(([, section, name]) =>
      String(section).toLowerCase() === "parameters" ? [String(name ?? "")] : [],
    ),
  };
}

function objectMember(object: JsonObject, name: string): JsonObject {
  const value: JsonValue | undefined = memberOf(object, name);
  return isObject(value) ? value : {};
}
