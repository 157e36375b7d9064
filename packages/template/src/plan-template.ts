import { bindParameters, type BoundParameter, declaredType } from "./bind-parameters.ts";
import { slotValue } from "./context-functions.ts";
import type { EvaluationContext, Slot } from "./evaluation-context.ts";
import { Deferred, TemplateExhausted, TemplateFault } from "./evaluation-fault.ts";
import { evaluateTree, loopCount, strictWalk } from "./evaluate-tree.ts";
import { murmurHash64 } from "./functions/unique-string.ts";
import { isArray, isObject, type JsonObject, type JsonValue, memberOf, objectOf } from "./json-value.ts";
import { JSON_DEPTH_MAX, OUTPUTS_MAX, PARAMETERS_MAX, VARIABLES_MAX } from "./limits.ts";
import { orderResources } from "./order-resources.ts";
import { evaluateOutputs } from "./plan-outputs.ts";
import { frameFor, planResources } from "./plan-resources.ts";
import { type ProblemList, problemList } from "./problem-list.ts";
import type { PlannedResource, ShownValue, TemplateInput, TemplatePlan } from "./template-plan.ts";
import { readUserFunctions } from "./user-functions.ts";
import { isShallow, measure, spend } from "./value-weight.ts";

/** What a nested deployment has of the plan around it. */
export type Surroundings = {
  readonly budget: EvaluationContext["budget"];
  /** The context in which its expressions are evaluated, when that is the outer template's; with the loops around it. */
  readonly outer?: { readonly context: EvaluationContext; readonly copies: ReadonlyMap<string, number> } | undefined;
};

/** What a plan costs before anything in it is evaluated. */
const PLAN_STEPS = 500;

/** Plans a template by itself: what is inside nested deployments is not looked at. Never throws. */
export function planWithin(input: TemplateInput, surroundings: Surroundings): TemplatePlan {
  const problems = problemList();
  const isBounded = isShallow(input.template) && isShallow(input.parameters ?? null);
  const template = isBounded && isObject(input.template) ? input.template : {};
  if (!isBounded) problems.note(new TemplateFault(`The template has more than ${JSON_DEPTH_MAX} brackets within each other`), "");
  else if (!isObject(input.template)) problems.note(new TemplateFault("The template must be a JSON object"), "");
  else checkShape(template, problems);
  const bound = bindParameters(
    template,
    isBounded ? input.parameters : undefined,
    new Set(input.secretParameters?.map((name) => name.toLowerCase())),
  );
  bound.problems.forEach(problems.add);
  const templateHash = hashOf(template);
  const context = contextOf({ ...input, template }, surroundings, { bound: bound.parameters, templateHash });
  const done = { parameters: {} as Record<string, ShownValue>, resources: [] as readonly PlannedResource[] };
  try {
    spend({ context }, PLAN_STEPS + (measure(template).weight >> 4));
    done.parameters = shownParameters(bound.parameters, context, problems);
    evaluateVariables(context, problems);
    done.resources = ordered(planResources(context, template, problems), problems);
    evaluateOutputs(context, undefined, problems);
  } catch (error) {
    if (!(error instanceof TemplateExhausted)) throw error;
    problems.note(error, "");
  }
  return { problems: problems.all, ...done, templateHash, context };
}

/** A template's hash: of its JSON in capitals, as publicly known of `templateHash`. */
function hashOf(template: JsonObject): string {
  return murmurHash64(new TextEncoder().encode(JSON.stringify(template).toUpperCase())).toString();
}

function checkShape(template: JsonObject, problems: ProblemList): void {
  const fault = (what: string, path: string): void => problems.note(new TemplateFault(what), path);
  const schema = memberOf(template, "$schema");
  if (schema !== undefined && (typeof schema !== "string" || !/\/deploymentTemplate\.json#?$/i.test(schema)))
    fault(
      "The template schema is not supported: it must end with 'deploymentTemplate.json#'. Please see https://aka.ms/arm-syntax for usage details.",
      "$schema",
    );
  if (typeof memberOf(template, "contentVersion") !== "string")
    fault("The template has no 'contentVersion'. Please see https://aka.ms/arm-syntax for usage details.", "contentVersion");
  const resources = memberOf(template, "resources");
  if (resources === undefined)
    fault("The template has no 'resources'. Please see https://aka.ms/arm-syntax for usage details.", "resources");
  else if (!isArray(resources) && !isObject(resources)) fault("The 'resources' of a template must be an array or an object", "resources");
  else if (isObject(resources) && !String(memberOf(template, "languageVersion") ?? "").startsWith("2."))
    fault("Resources by symbolic names need the template's 'languageVersion' to be '2.0'", "resources");
  for (const [section, most] of [
    ["parameters", PARAMETERS_MAX],
    ["variables", VARIABLES_MAX],
    ["outputs", OUTPUTS_MAX],
  ] as const) {
    const members = memberOf(template, section);
    if (members === undefined) continue;
    if (!isObject(members)) fault(`The '${section}' of a template must be an object`, section);
    else if (Object.keys(members).length > most)
      fault(
        `The template has ${Object.keys(members).length} ${section}; at most ${most} are allowed. Please see https://aka.ms/arm-deploy-limits for usage details.`,
        section,
      );
  }
}

type Prepared = { readonly bound: ReadonlyMap<string, BoundParameter>; readonly templateHash: string };

function contextOf(
  input: TemplateInput & { readonly template: JsonObject },
  { budget, outer }: Surroundings,
  { bound, templateHash }: Prepared,
): EvaluationContext {
  const { template, deploymentName, mode } = input;
  const outputs = memberOf(template, "outputs");
  const own = {
    parameters: new Map([...bound].map(([key, { slot }]) => [key, slot])),
    variables: variableSlots(template),
    functions: readUserFunctions(template),
    deployment: {
      name: deploymentName,
      properties: { template, templateHash, parameters: givenParameters(bound, input.parameters), mode, provisioningState: "Accepted" },
    },
  };
  const { parameters, variables, functions, deployment } = outer?.context ?? own;
  return {
    input,
    budget,
    guids: { drawn: 0 },
    parsed: outer?.context.parsed ?? new Map(),
    parameters,
    variables,
    functions,
    deployment,
    targets: new Map(outer?.context.targets),
    outputs: isObject(outputs) ? outputs : {},
    copies: outer?.copies ?? new Map(),
    sources: new Map(),
  };
}

/** What `deployment()` tells of parameters: those of the request that are not secure. */
function givenParameters(bound: ReadonlyMap<string, BoundParameter>, given: JsonValue | undefined): JsonObject {
  if (!isObject(given)) return {};
  return objectOf(Object.entries(given).filter(([name]) => bound.get(name.toLowerCase())?.slot.secure === false));
}

function shownParameters(
  bound: ReadonlyMap<string, BoundParameter>,
  context: EvaluationContext,
  problems: ProblemList,
): Record<string, ShownValue> {
  const shown: [string, ShownValue][] = [];
  for (const { name, definition, slot } of bound.values()) {
    const value = problems.attempt(`parameters.${name}`, () => slotValue(slot, frameFor(context, "default", new Map())));
    const type = declaredType(definition)?.shown ?? "Object";
    if (value !== undefined) shown.push([name, slot.secure ? { type } : { type, value }]);
  }
  return Object.fromEntries(shown);
}

function variableSlots(template: JsonObject): ReadonlyMap<string, Slot> {
  const variables = memberOf(template, "variables");
  const slots = new Map<string, Slot>();
  const add = (name: string, evaluate: Slot["evaluate"]): void => {
    slots.set(name.toLowerCase(), { name, place: "variable", evaluate, state: "raw", value: null, secure: false });
  };
  for (const [name, value] of Object.entries(isObject(variables) ? variables : {})) {
    if (name.toLowerCase() !== "copy" || !isArray(value)) add(name, (frame) => evaluateTree(value, strictWalk(frame)));
    else for (const loop of value.filter(isObject)) addLoop(loop, add);
  }
  return slots;
}

function addLoop(loop: JsonObject, add: (name: string, evaluate: Slot["evaluate"]) => void): void {
  const name = memberOf(loop, "name");
  if (typeof name === "string") add(name, (frame) => evaluateVariableLoop(loop, name, frame));
}

function evaluateVariableLoop(loop: JsonObject, name: string, frame: Parameters<Slot["evaluate"]>[0]): JsonValue {
  const count = loopCount(loop, frame);
  const input = memberOf(loop, "input") ?? null;
  const rounds: JsonValue[] = [];
  for (let index = 0; index < count; index++) {
    const round = {
      ...frame,
      copies: new Map([
        ["", index],
        [name.toLowerCase(), index],
      ] as const),
    };
    rounds.push(evaluateTree(input, strictWalk(round)));
    frame.secure ||= round.secure;
  }
  return rounds;
}

function evaluateVariables(context: EvaluationContext, problems: ProblemList): void {
  for (const slot of context.variables.values())
    problems.attempt(`variables.${slot.name}`, () => {
      try {
        slotValue(slot, frameFor(context, "variable", new Map()));
      } catch (error) {
        if (error instanceof Deferred) throw new TemplateFault("A variable cannot depend on what is known only at run time");
        throw error;
      }
    });
}

function ordered(resources: readonly PlannedResource[], problems: ProblemList): readonly PlannedResource[] {
  const order = orderResources(resources);
  if (order.kind === "ordered") return order.resources;
  const [id = ""] = order.ids;
  problems.note(
    new TemplateFault(
      `Circular dependency detected on resource: '${id}': ${order.ids.join(" -> ")}. Please see https://aka.ms/arm-syntax-resources for usage details.`,
    ),
    resources.find((resource) => resource.id === id)?.path ?? "resources",
  );
  return resources;
}
