/**
 * Template: what an Azure Resource Manager template means. The body that az sends becomes JSON, the JSON a plan (resources in order, bodies, what waits for what), and at run
 * time, with what is known of other resources, final bodies and outputs.
 *
 * Pure: it asks nobody, reads no clock and draws no random number. It ends in bounded time and memory whatever it is given, never throws, and tells all that is wrong at once.
 * Deploying, following and keeping deployments is the control plane's.
 */
export { relaxTemplateBody, BODY_CHARS_MAX, type RelaxedBody } from "./relax-template-body.ts";
export { parseExpression, type ParsedExpression } from "./parse-expression.ts";
export { printExpression, type Expression } from "./expression.ts";
export type { JsonObject, JsonValue } from "./json-value.ts";
export type { TemplateProblem, TemplateProblemCode } from "./template-problem.ts";
export { planNested, planTemplate, resolveResource } from "./plan-deployment.ts";
export { hideSecure, resolveOutputs } from "./resolve-plan.ts";
export type {
  DeploymentScope,
  JsonPath,
  KnownReferences,
  NestedPlan,
  PlannedResource,
  PlanNested,
  PlanTemplate,
  ReferenceNeed,
  Resolution,
  ResolvedBody,
  ResolveOutputs,
  ResolveResource,
  ShownValue,
  TemplateInput,
  TemplatePlan,
} from "./template-plan.ts";
