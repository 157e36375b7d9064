import type { Expression } from "./expression.ts";
import type { JsonObject, JsonValue } from "./json-value.ts";
import type { KnownReferences, PlannedResource, ReferenceNeed, TemplateInput } from "./template-plan.ts";

/** A parameter or variable. raw → running → known | failed; one that is asked for while it runs refers to itself. */
export type Slot = {
  readonly name: string;
  readonly place: "default" | "variable";
  /** How its value is found, once. */
  readonly evaluate: (frame: Frame) => JsonValue;
  state: "raw" | "running" | "known" | "failed";
  value: JsonValue;
  /** It is, or was made of, a secure parameter. */
  secure: boolean;
};

/** A function of the template's own. */
export type UserFunction = { readonly parameters: readonly string[]; readonly output: JsonValue };

/** What all evaluations of one template share. Names are keys in lower case. */
export type EvaluationContext = {
  readonly input: TemplateInput;
  /** What may still be spent; shared with nested deployments. */
  readonly budget: { steps: number };
  /** How often `newGuid()` was called. */
  readonly guids: { drawn: number };
  /** Expressions already parsed, by their text. */
  readonly parsed: Map<string, Expression>;
  readonly parameters: ReadonlyMap<string, Slot>;
  readonly variables: ReadonlyMap<string, Slot>;
  readonly functions: ReadonlyMap<string, UserFunction>;
  /** What `deployment()` says. */
  readonly deployment: JsonObject;
  /** Resources of the template by symbolic name, id, type and name, and name of their loop; and by name alone behind "name ". Filled while planning. */
  readonly targets: Map<string, readonly PlannedResource[]>;
  /** `outputs` of the template. */
  readonly outputs: JsonObject;
  /** Loops around all resources: those around a nested deployment whose expressions belong to the template outside. */
  readonly copies: ReadonlyMap<string, number>;
  /** The loops around each planned resource, to evaluate its body again. */
  readonly sources: Map<string, ResourceSource>;
};

/** What a planned resource was made of. */
export type ResourceSource = { readonly resource: JsonObject; readonly copies: ReadonlyMap<string, number> };

/** Where an expression stands, which says what it may ask for. */
export type Place = "default" | "variable" | "fixed" | "body" | "output" | "function";

/** One evaluation under way. */
export type Frame = {
  readonly context: EvaluationContext;
  readonly place: Place;
  /** Index by name of the loop in lower case; the innermost under "". */
  readonly copies: ReadonlyMap<string, number>;
  /** Arguments of the template's own function that is evaluated. */
  readonly args?: ReadonlyMap<string, JsonValue> | undefined;
  /** What the lambdas around the expression were given, by name in lower case. */
  readonly lambda?: ReadonlyMap<string, JsonValue> | undefined;
  /** What is known at run time; undefined while planning. */
  readonly known: KnownReferences | undefined;
  /** Resources that were asked for and are not known. */
  readonly needs: Map<string, ReferenceNeed>;
  /** Calls within calls right now. */
  depth: number;
  /** A secure parameter was read since this was last set to false. */
  secure: boolean;
};
