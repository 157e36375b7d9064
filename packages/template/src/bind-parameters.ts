import type { Frame, Slot } from "./evaluation-context.ts";
import { TemplateFault } from "./evaluation-fault.ts";
import { evaluateTree, strictWalk } from "./evaluate-tree.ts";
import { typeName } from "./functions/function-call.ts";
import { canonicalText, valueText } from "./functions/value-text.ts";
import { isArray, isObject, type JsonObject, type JsonValue, memberName, memberOf } from "./json-value.ts";
import { invalidTemplate, type TemplateProblem } from "./template-problem.ts";

/** Types of parameters by their name in lower case: what a value must be, and whether it is never shown. */
const TYPES: ReadonlyMap<string, { readonly shown: string; readonly is: readonly string[]; readonly secure: boolean }> = new Map([
  ["string", { shown: "String", is: ["String"], secure: false }],
  ["securestring", { shown: "SecureString", is: ["String"], secure: true }],
  ["int", { shown: "Int", is: ["Integer"], secure: false }],
  ["bool", { shown: "Bool", is: ["Boolean"], secure: false }],
  ["object", { shown: "Object", is: ["Object"], secure: false }],
  ["secureobject", { shown: "SecureObject", is: ["Object"], secure: true }],
  ["array", { shown: "Array", is: ["Array"], secure: false }],
]);
const ALLOWED_SHOWN_CHARS = 1000;
const VALUE_SHOWN_CHARS = 100;

/** The type of a parameter or output as it is shown, and whether its value is never shown; undefined for no type. */
export function declaredType(
  definition: JsonObject,
): { readonly shown: string; readonly is: readonly string[]; readonly secure: boolean } | undefined {
  const type = memberOf(definition, "type");
  return typeof type === "string" ? TYPES.get(type.toLowerCase()) : undefined;
}

/** A parameter of the template and where its value comes from. */
export type BoundParameter = { readonly name: string; readonly definition: JsonObject; readonly slot: Slot };

/** What binding gave: parameters by name in lower case, and what is wrong with the request. */
export type BoundParameters = {
  readonly parameters: ReadonlyMap<string, BoundParameter>;
  readonly problems: readonly TemplateProblem[];
};

/** Gives each parameter of a template the value that the request has for it, or its default. Values are found and checked when they are asked for first. `secret`: names whose value is secure whatever its type. */
export function bindParameters(template: JsonObject, given: JsonValue | undefined, secret: ReadonlySet<string>): BoundParameters {
  const problems: TemplateProblem[] = [];
  const declared = memberOf(template, "parameters");
  const values = isObject(given) ? given : {};
  if (given !== undefined && given !== null && !isObject(given))
    problems.push({ code: "InvalidRequestContent", message: "The deployment parameters must be an object.", path: "parameters" });
  const parameters = new Map<string, BoundParameter>();
  for (const [name, written] of Object.entries(isObject(declared) ? declared : {})) {
    const definition = resolveDefinition(template, written);
    const at = memberName(values, name);
    const entry = at === undefined ? undefined : values[at];
    const problem = problemOfEntry(name, definition, entry);
    if (problem !== undefined) problems.push(problem);
    if (definition === undefined) continue;
    const broken = problem !== undefined;
    const slot = parameterSlot(name, definition, isObject(entry) ? memberOf(entry, "value") : undefined);
    slot.secure ||= secret.has(name.toLowerCase());
    parameters.set(name.toLowerCase(), { name, definition, slot: broken ? { ...slot, state: "failed" } : slot });
  }
  const unknown = Object.keys(values).filter((name) => !parameters.has(name.toLowerCase()) && !isDeclared(declared, name));
  if (unknown.length > 0)
    problems.push(
      unknownParameters(
        unknown,
        [...parameters.values()].map(({ name }) => name),
      ),
    );
  return { parameters, problems };
}

function isDeclared(declared: JsonValue | undefined, name: string): boolean {
  return isObject(declared) && memberName(declared, name) !== undefined;
}

/** A definition with the type that it refers to (`$ref` to `definitions`, which Bicep writes for types of its own). */
function resolveDefinition(template: JsonObject, written: JsonValue): JsonObject | undefined {
  if (!isObject(written)) return undefined;
  const reference = memberOf(written, "$ref");
  if (typeof reference !== "string") return declaredType(written) === undefined ? undefined : written;
  const definitions = memberOf(template, "definitions");
  const target = isObject(definitions) ? memberOf(definitions, reference.replace(/^#\/definitions\//, "")) : undefined;
  const merged = isObject(target) ? { ...target, ...written } : undefined;
  return merged === undefined || declaredType(merged) === undefined ? undefined : merged;
}

function problemOfEntry(name: string, definition: JsonObject | undefined, entry: JsonValue | undefined): TemplateProblem | undefined {
  const path = `parameters.${name}`;
  if (definition === undefined)
    return invalidTemplate(
      path,
      `The template parameter '${name}' has no valid type: array, bool, int, object, secureObject, securestring and string are known. Please see https://aka.ms/arm-syntax-parameters for usage details.`,
    );
  if (entry === undefined) {
    if (memberOf(definition, "defaultValue") !== undefined || memberOf(definition, "nullable") === true) return undefined;
    return invalidTemplate(
      path,
      `The value for the template parameter '${name}' is not provided. Please see https://aka.ms/arm-create-parameter-file for usage details.`,
    );
  }
  const see = "Please see https://aka.ms/arm-create-parameter-file for usage details.";
  const invalid = (message: string): TemplateProblem => ({ code: "InvalidDeploymentParameterValue", message: `${message} ${see}`, path });
  const reference = isObject(entry) ? memberOf(entry, "reference") : undefined;
  if (reference !== undefined && reference !== null)
    return invalid(
      `The deployment parameter '${name}' refers to a secret of a key vault, and key vaults are not read here. Read the secret yourself and send it as 'value' of a parameter of type securestring or secureObject, which is kept nowhere.`,
    );
  const value = isObject(entry) ? memberOf(entry, "value") : undefined;
  const isMissing = value === undefined || (value === null && memberOf(definition, "nullable") !== true);
  return isMissing ? invalid(`The value of deployment parameter '${name}' is null. Please specify the value.`) : undefined;
}

function unknownParameters(unknown: readonly string[], known: readonly string[]): TemplateProblem {
  const list = (names: readonly string[]): string => names.join(", ").slice(0, ALLOWED_SHOWN_CHARS);
  return invalidTemplate(
    "parameters",
    `The template parameters '${list(unknown)}' in the parameters file are not valid; they are not present in the original template and can therefore not be provided at deployment time. The only supported parameters for this template are '${list(known)}'. Please see https://aka.ms/arm-pass-parameter-values for usage details.`,
  );
}

function parameterSlot(name: string, definition: JsonObject, given: JsonValue | undefined): Slot {
  const evaluate = (frame: Frame): JsonValue => {
    const value = given ?? evaluateTree(memberOf(definition, "defaultValue") ?? null, strictWalk(frame));
    const isSecret = frame.secure || slot.secure;
    const fault =
      value === null && memberOf(definition, "nullable") === true ? undefined : parameterFault({ name, definition, isSecret }, value);
    if (fault !== undefined) throw new TemplateFault(fault);
    return value;
  };
  const secure = declaredType(definition)?.secure ?? false;
  const slot: Slot = { name, place: "default", evaluate, state: "raw", value: null, secure };
  return slot;
}

/** What a value breaks of its parameter's rules. */
function parameterFault(parameter: { name: string; definition: JsonObject; isSecret: boolean }, value: JsonValue): string | undefined {
  const { name, definition, isSecret } = parameter;
  const type = declaredType(definition);
  const shown = isSecret ? "" : ` '${valueText(value).slice(0, VALUE_SHOWN_CHARS)}'`;
  const about = `The provided value${shown} for the template parameter '${name}' is not valid.`;
  const see = "Please see https://aka.ms/arm-syntax-parameters for usage details.";
  if (!(type?.is ?? []).includes(typeName(value)))
    return `The provided value for the template parameter '${name}' is not valid. Expected a value of type '${type?.shown}', but received a value of type '${typeName(value)}'. ${see}`;
  const allowed = memberOf(definition, "allowedValues");
  if (allowed !== undefined && isArray(allowed) && !isAllowed(allowed, value)) {
    const list = isSecret ? "" : `: '${allowed.map(valueText).join(",").slice(0, ALLOWED_SHOWN_CHARS)}'`;
    return `${about} The parameter value is not part of the allowed value(s)${list}.`;
  }
  const bound = (rule: string): number | undefined => {
    const limit = memberOf(definition, rule);
    return typeof limit === "number" ? limit : undefined;
  };
  const [least, most] = [bound("minValue"), bound("maxValue")];
  if (typeof value === "number") {
    if (least !== undefined && value < least) return `${about} The value must be greater than or equal to '${least}'. ${see}`;
    if (most !== undefined && value > most) return `${about} The value must be less than or equal to '${most}'. ${see}`;
  }
  const [shortest, longest] = [bound("minLength"), bound("maxLength")];
  if (typeof value === "string" || isArray(value)) {
    if (shortest !== undefined && value.length < shortest)
      return `${about} Length of the value should be greater than or equal to '${shortest}'. ${see}`;
    if (longest !== undefined && value.length > longest)
      return `${about} Length of the value should be less than or equal to '${longest}'. ${see}`;
  }
  return undefined;
}

/** Of an array each element must be allowed, or the whole. */
function isAllowed(allowed: readonly JsonValue[], value: JsonValue): boolean {
  const texts = new Set(allowed.map(canonicalText));
  return texts.has(canonicalText(value)) || (isArray(value) && value.every((element) => texts.has(canonicalText(element))));
}
