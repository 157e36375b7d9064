import type { Frame } from "./evaluation-context.ts";
import { Deferred, TemplateExhausted, TemplateFault } from "./evaluation-fault.ts";
import { evaluateText, tooDeep } from "./evaluate-expression.ts";
import { isArray, isObject, type JsonObject, type JsonValue, memberOf, objectOf } from "./json-value.ts";
import { COPY_COUNT_MAX, EVALUATION_DEPTH_MAX } from "./limits.ts";
import type { JsonPath } from "./template-plan.ts";
import { admit, DETOUR_STEPS, spend } from "./value-weight.ts";

/** A value of a template that is being evaluated whole: where it is, and what was met. */
export type TreeWalk = {
  readonly frame: Frame;
  /** Where the walk is right now, from where it began. */
  readonly path: (string | number)[];
  /** Places that were made of secure parameters. */
  readonly securePaths: JsonPath[];
  /** Some expression can be known only at run time, and stands as its text. */
  deferred: boolean;
  /** Told of each expression that cannot be evaluated; throws to end the walk there. */
  readonly onFault: (fault: TemplateFault, path: JsonPath) => void;
  /** Told of each expression that can be known only at run time. */
  readonly onDeferred: (text: string) => void;
};

/** Begins a walk in which the first fault ends everything. */
export function strictWalk(frame: Frame): TreeWalk {
  const raise = (fault: Error): never => {
    throw fault;
  };
  return { frame, path: [], securePaths: [], deferred: false, onFault: raise, onDeferred: () => raise(Deferred.instance) };
}

/** Whether a value holds nothing to evaluate. Values never change, so that each is looked at once. */
const literals = new WeakMap<readonly JsonValue[] | JsonObject, boolean>();

function isLiteral(value: JsonValue): boolean {
  if (typeof value === "string") return !value.startsWith("[");
  if (value === null || typeof value !== "object") return true;
  const known = literals.get(value);
  if (known !== undefined) return known;
  const literal = isArray(value)
    ? value.every(isLiteral)
    : Object.entries(value).every(([name, member]) => isLiteral(name) && name.toLowerCase() !== "copy" && isLiteral(member));
  literals.set(value, literal);
  return literal;
}

/** Evaluates all expressions in a value, in names too, and writes out its loops (`copy` with name, count and input). Throws what `onFault` throws, and TemplateExhausted. */
export function evaluateTree(value: JsonValue, walk: TreeWalk): JsonValue {
  spend(walk.frame, 1);
  if (typeof value === "string") return evaluateLeaf(value, walk);
  if (value === null || typeof value !== "object" || isLiteral(value)) return value;
  const evaluated = isArray(value)
    ? value.map((element, index) => within(walk, index, () => evaluateTree(element, walk)))
    : objectOf(Object.entries(value).flatMap(([name, member]) => evaluateMember(name, member, walk)));
  return guarded(walk, () => admit(walk.frame, evaluated), null);
}

/** Goes one step down for the time of a computation. */
export function within<T>(walk: TreeWalk, step: string | number, compute: () => T): T {
  walk.path.push(step);
  if (++walk.frame.depth > EVALUATION_DEPTH_MAX) throw tooDeep();
  try {
    return compute();
  } finally {
    walk.frame.depth--;
    walk.path.pop();
  }
}

function guarded<T>(walk: TreeWalk, compute: () => T, instead: T): T {
  try {
    return compute();
  } catch (error) {
    if (!(error instanceof TemplateFault) || error instanceof TemplateExhausted) throw error;
    spend(walk.frame, DETOUR_STEPS);
    walk.onFault(error, [...walk.path]);
    return instead;
  }
}

function evaluateLeaf(text: string, walk: TreeWalk): JsonValue {
  if (!text.startsWith("[")) return text;
  const { frame } = walk;
  const before = frame.secure;
  frame.secure = false;
  try {
    return guarded(walk, () => evaluateText(text, frame), text);
  } catch (error) {
    if (!(error instanceof Deferred)) throw error;
    spend(frame, DETOUR_STEPS);
    walk.deferred = true;
    walk.onDeferred(text);
    return text;
  } finally {
    if (frame.secure) walk.securePaths.push([...walk.path]);
    frame.secure ||= before;
  }
}

function evaluateMember(name: string, member: JsonValue, walk: TreeWalk): (readonly [string, JsonValue])[] {
  if (name.toLowerCase() === "copy" && isArray(member) && member.length > 0 && member.every(isLoop))
    return member.map((loop) => within(walk, String(memberOf(loop, "name")), () => evaluateLoop(loop, walk)));
  const key = evaluateLeaf(name, walk);
  if (typeof key !== "string") walk.onFault(new TemplateFault("The name of a property must be a string"), [...walk.path]);
  return [[typeof key === "string" ? key : name, within(walk, name, () => evaluateTree(member, walk))]];
}

function isLoop(value: JsonValue): value is JsonObject {
  return isObject(value) && typeof memberOf(value, "name") === "string" && memberOf(value, "input") !== undefined;
}

function evaluateLoop(loop: JsonObject, walk: TreeWalk): readonly [string, JsonValue] {
  const name = String(memberOf(loop, "name"));
  const count = guarded(walk, () => loopCount(loop, walk.frame), 0);
  const input = memberOf(loop, "input") ?? null;
  const rounds: JsonValue[] = [];
  for (let index = 0; index < count; index++) {
    const frame = { ...walk.frame, copies: new Map(walk.frame.copies).set(name.toLowerCase(), index) };
    const inner: TreeWalk = { ...walk, frame };
    rounds.push(within(walk, index, () => evaluateTree(input, inner)));
    walk.deferred ||= inner.deferred;
    walk.frame.secure ||= frame.secure;
  }
  return [name, guarded(walk, () => admit(walk.frame, rounds), [])];
}

/** How many rounds a loop has. Throws TemplateFault. */
export function loopCount(loop: JsonObject, frame: Frame): number {
  const written = memberOf(loop, "count") ?? null;
  const count = typeof written === "string" ? knownNow(written, frame) : written;
  if (typeof count !== "number" || !Number.isInteger(count) || count < 0 || count > COPY_COUNT_MAX)
    throw new TemplateFault(
      `The template 'copy' definition has an invalid value: count must be an integer between 0 and ${COPY_COUNT_MAX}. Please see https://aka.ms/arm-copy for usage details.`,
    );
  return count;
}

/** The value of a string that must be known while planning. Throws TemplateFault. */
export function knownNow(text: string, frame: Frame): JsonValue {
  const fixed: Frame = { ...frame, place: "fixed", known: undefined };
  try {
    return evaluateText(text, fixed);
  } finally {
    frame.secure ||= fixed.secure;
  }
}
