import { contextFunctions } from "./context-functions.ts";
import type { Frame } from "./evaluation-context.ts";
import { TemplateExhausted, TemplateFault } from "./evaluation-fault.ts";
import { type Expression, isExpression, unescapeLiteral } from "./expression.ts";
import { booleanOf, callFault, type TemplateFunction, typeName } from "./functions/function-call.ts";
import { cidrFunctions } from "./functions/cidr-functions.ts";
import { childOf, collectionFunctions } from "./functions/collection-functions.ts";
import { stringFunctions } from "./functions/string-functions.ts";
import { unavailableFunctions } from "./functions/unavailable-functions.ts";
import { valueFunctions } from "./functions/value-functions.ts";
import type { JsonValue } from "./json-value.ts";
import { lambdaFunctions, usesLambdaVariables } from "./lambda-functions.ts";
import { EVALUATION_DEPTH_MAX } from "./limits.ts";
import { parseExpression } from "./parse-expression.ts";
import { callUserFunction } from "./user-functions.ts";
import { asksForState, isListAction, listFunction } from "./reference-functions.ts";
import { admit, measure, spend, spendReading } from "./value-weight.ts";

const plainFunctions: ReadonlyMap<string, TemplateFunction> = new Map([
  ...Object.entries(stringFunctions),
  ...Object.entries(collectionFunctions),
  ...Object.entries(valueFunctions),
  ...Object.entries(cidrFunctions),
]);

/** Nobody can tell what went into these, so that a secret in them may be shown. */
const ONE_WAY = new Set(["uniquestring", "guid"]);
/** Of a short text these make many values, which is paid for beforehand: a step for each four characters. */
const PARSING = new Set(["json", "base64tojson", "split"]);

/** The value of a string of a template: what its expression gives, or its text. Throws TemplateFault, and Deferred when it can be known only at run time. */
export function evaluateText(text: string, frame: Frame): JsonValue {
  if (!isExpression(text)) return unescapeLiteral(text);
  return evaluateExpression(parsedExpression(text, frame), frame);
}

/** The tree of an expression, parsed once in the life of a plan. Throws TemplateFault. */
export function parsedExpression(text: string, frame: Frame): Expression {
  const { parsed } = frame.context;
  const known = parsed.get(text);
  if (known !== undefined) return known;
  spend(frame, 1 + (text.length >> 3));
  const answer = parseExpression(text.slice(1, -1));
  if (answer.kind === "refused") {
    const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
    throw new TemplateFault(
      `Unable to parse language expression "${shown.slice(1, -1)}" at position ${answer.position}: ${answer.message}. Please see https://aka.ms/arm-template-expressions for usage details.`,
    );
  }
  parsed.set(text, answer.expression);
  return answer.expression;
}

/** The value of a tree. Throws TemplateFault and Deferred. */
export function evaluateExpression(expression: Expression, frame: Frame): JsonValue {
  spend(frame, 1);
  if (++frame.depth > EVALUATION_DEPTH_MAX) throw tooDeep();
  try {
    switch (expression.kind) {
      case "string":
      case "number":
        return expression.value;
      case "member":
        return partOf(evaluateExpression(expression.of, frame), expression.name);
      case "index":
        return partOf(evaluateExpression(expression.of, frame), evaluateExpression(expression.at, frame));
      case "call":
        return evaluateCall(expression, frame);
    }
  } finally {
    frame.depth--;
  }
}

/** What is within more than may be. */
export function tooDeep(): TemplateExhausted {
  return new TemplateExhausted(`More than ${EVALUATION_DEPTH_MAX} calls and brackets are within each other`);
}

function partOf(value: JsonValue, step: JsonValue): JsonValue {
  const part = typeof step === "string" || typeof step === "number" ? childOf(value, step) : undefined;
  if (part !== undefined) return part;
  const what = typeof step === "string" ? `property '${step.slice(0, 100)}' doesn't exist` : "array index is out of bounds or no number";
  throw new TemplateFault(
    `The language expression ${what} in a value of type ${typeName(value)}. Please see https://aka.ms/arm-template-expressions for usage details.`,
  );
}

function evaluateCall(call: Expression & { kind: "call" }, frame: Frame): JsonValue {
  const { namespace, name, args } = call;
  if (namespace !== undefined) return callUserFunction(`${namespace}.${name}`, args, { frame, evaluateExpression, evaluateText });
  const key = name.toLowerCase();
  const lazy = lazyFunctions.get(key);
  if (lazy !== undefined) return lazy(call, frame);
  const lambda = lambdaFunctions.get(key);
  if (lambda !== undefined) {
    if (args.length < lambda.least || args.length > lambda.most) throw countFault(name, args.length, [lambda.least, lambda.most]);
    return lambda.compute({ call, frame, evaluate: evaluateExpression });
  }
  // Azure has it so: what is asked for must be known before the deployment begins, to wait for it.
  if (asksForState(key) && frame.lambda !== undefined && args.some(usesLambdaVariables))
    throw callFault(name, "cannot be used with lambda variables in its parameters");
  const context = contextFunctions.get(key) ?? (isListAction(key) ? listFunction : undefined);
  const plain = plainFunctions.get(key);
  const instead = unavailableFunctions.get(key);
  if (instead !== undefined) throw callFault(name, `is not available here. ${instead}`);
  if (context === undefined && plain === undefined)
    throw new TemplateFault(
      `The template function "${name}" is not valid. Please see https://aka.ms/arm-function-reference for usage details.`,
    );
  const { least, most } = context ?? plain ?? { least: 0, most: 0 };
  if (args.length < least || args.length > most) throw countFault(name, args.length, [least, most]);
  const before = frame.secure;
  const values = args.map((argument) => evaluateExpression(argument, frame));
  if (context !== undefined) return context.evaluate({ name, args: values }, frame);
  for (const value of values) spendReading(frame, value);
  if (PARSING.has(key)) spend(frame, measure(values[0] ?? null).weight >> 2);
  if (ONE_WAY.has(key)) frame.secure = before;
  return plain === undefined ? null : admit(frame, plain.evaluate({ name, args: values }));
}

function countFault(name: string, count: number, [least, most]: readonly [number, number]): TemplateFault {
  const wanted = least === most ? `${least}` : most === Infinity ? `at least ${least}` : `between ${least} and ${most}`;
  return callFault(name, `has an invalid number of arguments: ${count}; it takes ${wanted}`);
}

type Lazy = (call: Expression & { kind: "call" }, frame: Frame) => JsonValue;

/** `and`, `or`: what decides ends it. */
function decided(by: boolean): Lazy {
  return ({ name, args }, frame) => {
    if (args.length < 2) throw countFault(name, args.length, [2, Infinity]);
    for (const argument of args) if (booleanOf({ name, args: [evaluateExpression(argument, frame)] }, 0) === by) return by;
    return !by;
  };
}

/** Functions that do not evaluate what they do not need. */
const lazyFunctions: ReadonlyMap<string, Lazy> = new Map<string, Lazy>([
  ["and", decided(false)],
  ["or", decided(true)],
  [
    "if",
    ({ name, args: [condition, yes, no], args }, frame) => {
      if (condition === undefined || yes === undefined || no === undefined || args.length > 3) throw countFault(name, args.length, [3, 3]);
      return evaluateExpression(booleanOf({ name, args: [evaluateExpression(condition, frame)] }, 0) ? yes : no, frame);
    },
  ],
  [
    "coalesce",
    ({ name, args }, frame) => {
      if (args.length === 0) throw countFault(name, 0, [1, Infinity]);
      for (const argument of args) {
        const value = evaluateExpression(argument, frame);
        if (value !== null) return value;
      }
      return null;
    },
  ],
]);
