import { declaredType } from "./bind-parameters.ts";
import type { EvaluationContext, Frame } from "./evaluation-context.ts";
import { Deferred, TemplateFault } from "./evaluation-fault.ts";
import { evaluateText } from "./evaluate-expression.ts";
import { evaluateTree, loopCount, strictWalk, type TreeWalk } from "./evaluate-tree.ts";
import { typeName } from "./functions/function-call.ts";
import { isObject, type JsonObject, type JsonValue, memberOf } from "./json-value.ts";
import { frameFor } from "./plan-resources.ts";
import { pathText, type ProblemList } from "./problem-list.ts";
import type { KnownReferences, ReferenceNeed, ShownValue } from "./template-plan.ts";

/** Outputs as far as they are known, and what must be known for the others. */
export type EvaluatedOutputs = { readonly shown: Readonly<Record<string, ShownValue>>; readonly needs: readonly ReferenceNeed[] };

/** Evaluates the outputs of a template: while planning with nothing known, which finds what is wrong with them, and at the end with everything. Throws TemplateExhausted. */
export function evaluateOutputs(context: EvaluationContext, known: KnownReferences | undefined, problems: ProblemList): EvaluatedOutputs {
  const shown: [string, ShownValue][] = [];
  const needs = new Map<string, ReferenceNeed>();
  for (const [name, output] of Object.entries(context.outputs)) {
    const frame: Frame = { ...frameFor(context, "output", context.copies), known, needs };
    const value = problems.attempt(`outputs.${name}`, () => evaluateOutput(output, frame, { path: `outputs.${name}`, problems }));
    if (value !== undefined) shown.push([name, value]);
  }
  return { shown: Object.fromEntries(shown), needs: [...needs.values()] };
}

type Place = { readonly path: string; readonly problems: ProblemList };

/** Undefined: its condition is false, or it is not known yet. */
function evaluateOutput(output: JsonValue, frame: Frame, place: Place): ShownValue | undefined {
  const type = isObject(output) ? declaredType(output) : undefined;
  if (!isObject(output) || type === undefined)
    throw new TemplateFault("An output must have a type: array, bool, int, object, secureObject, securestring and string are known");
  try {
    const condition = memberOf(output, "condition") ?? true;
    const isWanted = typeof condition === "string" ? evaluateText(condition, frame) : condition;
    if (typeof isWanted !== "boolean")
      throw new TemplateFault("The 'condition' of an output must be true or false, or an expression that gives it");
    if (!isWanted) return undefined;
    frame.secure = false;
    const value = valueOf(output, frame, place);
    if (value === undefined) return undefined;
    if (!type.is.includes(typeName(value)) && !(value === null && memberOf(output, "nullable") === true))
      throw new TemplateFault(
        `The template output is not valid: it is of type '${typeName(value)}', declared is '${type.shown}'. Please see https://aka.ms/arm-syntax-outputs for usage details.`,
      );
    return type.secure || frame.secure ? { type: type.shown } : { type: type.shown, value };
  } catch (error) {
    if (error instanceof Deferred) return undefined;
    throw error;
  }
}

function valueOf(output: JsonObject, frame: Frame, { path, problems }: Place): JsonValue | undefined {
  const walkOf = (walked: Frame): TreeWalk => ({
    ...strictWalk(walked),
    onFault: (fault, at) => problems.note(fault, pathText(`${path}.value`, at)),
    onDeferred: () => undefined,
  });
  const loop = memberOf(output, "copy");
  if (!isObject(loop)) {
    const written = memberOf(output, "value");
    if (written === undefined) throw new TemplateFault("An output must have a value");
    const before = problems.all.length;
    const walk = walkOf(frame);
    const value = evaluateTree(written, walk);
    return walk.deferred || problems.all.length > before ? undefined : value;
  }
  const rounds: JsonValue[] = [];
  let isKnown = true;
  const count = loopCount(loop, frame);
  for (let index = 0; index < count; index++) {
    const round: Frame = { ...frame, copies: new Map(frame.copies).set("", index) };
    const walk = walkOf(round);
    rounds.push(evaluateTree(memberOf(loop, "input") ?? null, walk));
    frame.secure ||= round.secure;
    isKnown &&= !walk.deferred;
  }
  return isKnown ? rounds : undefined;
}
