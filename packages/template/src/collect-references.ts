import type { Frame } from "./evaluation-context.ts";
import { Deferred, TemplateExhausted, TemplateFault } from "./evaluation-fault.ts";
import { evaluateExpression, parsedExpression } from "./evaluate-expression.ts";
import { type Expression, isExpression } from "./expression.ts";
import { isArray, type JsonValue } from "./json-value.ts";
import { asksForState, neededReferences } from "./reference-functions.ts";

/** Ids of resources that an expression asks for at run time, as far as they can be known now; of an `if` whose condition is known only the branch that it takes. */
export function collectReferences(text: string, frame: Frame, found: Set<string>): void {
  const tree = attempt(() => parsedExpression(text, frame));
  if (tree !== undefined) visit(tree, frame, found);
}

/** The same of all expressions in a value; in names of members too. */
export function collectAllReferences(value: JsonValue, frame: Frame, found: Set<string>): void {
  if (typeof value === "string") {
    if (isExpression(value)) collectReferences(value, frame, found);
  } else if (value !== null && typeof value === "object") {
    if (!isArray(value)) for (const name of Object.keys(value)) collectAllReferences(name, frame, found);
    for (const part of Object.values(value)) collectAllReferences(part, frame, found);
  }
}

function visit(expression: Expression, frame: Frame, found: Set<string>): void {
  switch (expression.kind) {
    case "string":
    case "number":
      return;
    case "member":
      return visit(expression.of, frame, found);
    case "index":
      visit(expression.of, frame, found);
      return visit(expression.at, frame, found);
    case "call": {
      const { namespace, name, args } = expression;
      const key = namespace === undefined ? name.toLowerCase() : "";
      const [condition] = args;
      if (key === "if" && condition !== undefined) {
        const known = attempt(() => evaluateExpression(condition, frame));
        visit(condition, frame, found);
        if (known !== false) visitEach(args.slice(1, 2), frame, found);
        if (known !== true) visitEach(args.slice(2), frame, found);
        return;
      }
      if (asksForState(key)) {
        const needs = attempt(() => neededReferences({ name, args: args.map((one) => evaluateExpression(one, frame)) }, frame));
        for (const need of needs ?? []) found.add(need.id);
      }
      visitEach(args, frame, found);
    }
  }
}

function visitEach(expressions: readonly Expression[], frame: Frame, found: Set<string>): void {
  for (const expression of expressions) visit(expression, frame, found);
}

/** Undefined where a value cannot be known yet, or not at all, of which the evaluation itself tells. */
function attempt<T>(compute: () => T): T | undefined {
  try {
    return compute();
  } catch (error) {
    if (error instanceof Deferred || (error instanceof TemplateFault && !(error instanceof TemplateExhausted))) return undefined;
    throw error;
  }
}
