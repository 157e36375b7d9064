import { evaluateBody } from "./evaluate-body.ts";
import type { EvaluationContext, Frame } from "./evaluation-context.ts";
import { TemplateExhausted, TemplateFault } from "./evaluation-fault.ts";
import type { TreeWalk } from "./evaluate-tree.ts";
import { isArray, isObject, type JsonValue } from "./json-value.ts";
import { EVALUATION_STEPS_MAX } from "./limits.ts";
import { evaluateOutputs } from "./plan-outputs.ts";
import { frameFor } from "./plan-resources.ts";
import { pathText, type ProblemList, problemList } from "./problem-list.ts";
import type {
  JsonPath,
  KnownReferences,
  PlannedResource,
  ReferenceNeed,
  Resolution,
  ResolvedBody,
  ResolveOutputs,
} from "./template-plan.ts";

/** A context with all that a plan may cost: at run time each question may cost as much as the plan did. */
export function refilled(context: EvaluationContext): EvaluationContext {
  return { ...context, budget: { steps: EVALUATION_STEPS_MAX } };
}

/** The final body of a planned resource, with what is known at run time; of a nested deployment with its template as it stands. One that is not sent has none. */
export function resolveBody(context: EvaluationContext, planned: PlannedResource, known: KnownReferences): Resolution<ResolvedBody> {
  const source = context.sources.get(planned.id);
  if (source === undefined || planned.existing || !planned.condition) return { kind: "resolved", value: { body: {}, securePaths: [] } };
  const problems = problemList();
  const frame: Frame = { ...frameFor(context, "body", source.copies), known };
  const walk: TreeWalk = {
    frame,
    path: [],
    securePaths: [],
    deferred: false,
    onFault: (fault, at) => problems.note(runTimeFault(fault, planned), pathText(planned.path, at)),
    onDeferred: () => undefined,
  };
  const body = exhaustible(problems, () => evaluateBody(source.resource, planned.type, walk));
  return answer(problems, [...frame.needs.values()], { body: body ?? {}, securePaths: walk.securePaths });
}

/** As Azure Resource Manager says it while a deployment runs. */
function runTimeFault(fault: TemplateFault, { id }: PlannedResource): TemplateFault {
  return new TemplateFault(`Unable to process template language expressions for resource '${id}'. ${fault.message}`);
}

/** The outputs of a deployment at its end. */
export const resolveOutputs: ResolveOutputs = (plan, known) => resolveOutputsWithin(refilled(plan.context), known);

/** The same, in a context whose budget others share. */
export function resolveOutputsWithin(context: EvaluationContext, known: KnownReferences): ReturnType<ResolveOutputs> {
  const problems = problemList();
  const outputs = exhaustible(problems, () => evaluateOutputs(context, known, problems));
  return answer(problems, outputs?.needs ?? [], outputs?.shown ?? {});
}

function exhaustible<T>(problems: ProblemList, compute: () => T): T | undefined {
  try {
    return compute();
  } catch (error) {
    if (!(error instanceof TemplateExhausted)) throw error;
    problems.note(error, "");
    return undefined;
  }
}

function answer<T>(problems: ProblemList, needs: readonly ReferenceNeed[], value: T): Resolution<T> {
  if (problems.all.length > 0) return { kind: "refused", problems: problems.all };
  return needs.length > 0 ? { kind: "needs", references: needs } : { kind: "resolved", value };
}

/** What stands in the place of a secure value where it is shown. */
const HIDDEN = "*******";

/** A body as it may be shown: what was made of secure parameters is hidden. */
export function hideSecure(body: JsonValue, securePaths: readonly JsonPath[]): JsonValue {
  if (securePaths.some((path) => path.length === 0)) return HIDDEN;
  if (securePaths.length === 0 || body === null || typeof body !== "object") return body;
  const below = (step: string | number): JsonPath[] => securePaths.filter(([first]) => first === step).map((path) => path.slice(1));
  if (isArray(body)) return body.map((part, index) => hideSecure(part, below(index)));
  if (!isObject(body)) return body;
  return Object.fromEntries(Object.entries(body).map(([name, part]) => [name, hideSecure(part, below(name))]));
}
