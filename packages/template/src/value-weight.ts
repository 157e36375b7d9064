import type { Frame } from "./evaluation-context.ts";
import { TemplateExhausted, TemplateFault } from "./evaluation-fault.ts";
import { isArray, type JsonObject, type JsonValue } from "./json-value.ts";
import { JSON_DEPTH_MAX, STRING_CHARS_MAX, VALUE_WEIGHT_MAX } from "./limits.ts";

/** `weight`: about the bytes that the value would take if no part were shared. `depth`: brackets within brackets. */
export type Measure = { readonly weight: number; readonly depth: number };

/** 8 for each part, and what its name and value weigh. */
const PART_WEIGHT = 8;
/** An empty array or object with its entry here. */
const CONTAINER_WEIGHT = 64;
const BYTES_PER_STEP_LOG2 = 6;

/** Measuring smaller values again is cheaper than remembering them, which costs the garbage collector dearly. */
const REMEMBERED_WEIGHT = 2048;

/** Values never change, so that each large one is measured once, however often it is part of another. */
const measures = new WeakMap<readonly JsonValue[] | JsonObject, Measure>();

/** How large and deep a value is. Values that doubling makes (an array of the same twice, and so on) share memory; what reads them pays for each part. */
export function measure(value: JsonValue): Measure {
  if (typeof value === "string") return { weight: value.length, depth: 0 };
  if (value === null || typeof value !== "object") return { weight: 0, depth: 0 };
  const known = measures.get(value);
  if (known !== undefined) return known;
  let weight = CONTAINER_WEIGHT;
  let depth = 0;
  const add = (part: JsonValue): void => {
    const inner = measure(part);
    weight += PART_WEIGHT + inner.weight;
    depth = Math.max(depth, inner.depth);
  };
  if (isArray(value)) value.forEach(add);
  else
    for (const name of Object.keys(value)) {
      weight += name.length;
      add(value[name] ?? null);
    }
  const measured = { weight, depth: depth + 1 };
  if (weight > REMEMBERED_WEIGHT) measures.set(value, measured);
  return measured;
}

/** Takes steps from the budget. Throws TemplateExhausted when there are none left. */
export function spend({ context: { budget } }: Pick<Frame, "context">, steps: number): void {
  budget.steps -= steps;
  if (budget.steps < 0) throw new TemplateExhausted("The template is too expensive to evaluate: use fewer or smaller loops and values");
}

/** What a fault or a deferred value costs, whose exception takes longer than anything else here; and each planned resource. */
export const DETOUR_STEPS = 20;

/** What it costs to read a value whole. */
export function spendReading(frame: Frame, value: JsonValue): void {
  spend(frame, 1 + (measure(value).weight >> BYTES_PER_STEP_LOG2));
}

/** Lets a new value in, when it is not too large. Throws TemplateFault. */
export function admit(frame: Frame, value: JsonValue): JsonValue {
  if (typeof value === "string") requireLength(value.length);
  const { weight, depth } = measure(value);
  if (weight > VALUE_WEIGHT_MAX) throw new TemplateFault(`A value would take more than ${VALUE_WEIGHT_MAX} bytes`);
  if (depth > JSON_DEPTH_MAX) throw new TemplateFault(`A value would have more than ${JSON_DEPTH_MAX} brackets within each other`);
  spend(frame, weight >> BYTES_PER_STEP_LOG2);
  return value;
}

/** Throws TemplateFault when a string of so many characters would be too long; asked before it is made. */
export function requireLength(chars: number): void {
  if (chars > STRING_CHARS_MAX) throw new TemplateFault(`A string would have more than ${STRING_CHARS_MAX} characters`);
}

/** Whether brackets within brackets of anything at all stay within the limit; does not go deeper than that. */
export function isShallow(value: JsonValue, levels = JSON_DEPTH_MAX): boolean {
  if (value === null || typeof value !== "object") return true;
  if (levels === 0) return false;
  return Object.values(value).every((part) => isShallow(part, levels - 1));
}

/** Whether a text of JSON stays within the limit of brackets within brackets. By characters: a regular expression would need a stack as deep as strings are long. */
export function isShallowText(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (inString && char === "\\") at++;
    else if (char === '"') inString = !inString;
    else if (inString) continue;
    else if (char === "[" || char === "{") {
      if (++depth > JSON_DEPTH_MAX) return false;
    } else if (char === "]" || char === "}") depth--;
  }
  return true;
}
